DROP TABLE caption_styles;
