"""From words in time to captions: cues, styles, subtitle files."""
