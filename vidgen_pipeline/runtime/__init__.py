"""What a bare machine lacks: Postgres, ffmpeg, fonts, music."""
