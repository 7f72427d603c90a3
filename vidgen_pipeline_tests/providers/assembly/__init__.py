"""Tests of assembly: real ffmpeg, judged by the frames and samples that come out."""
