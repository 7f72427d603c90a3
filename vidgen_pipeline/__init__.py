"""A script goes in; a narrated, word-captioned, social-ready video comes out."""

__version__ = "0.1.0"
