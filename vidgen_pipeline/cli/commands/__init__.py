"""What can be typed after `vidgen`, by subject: names, options and help. What it does is loaded when it is called."""
