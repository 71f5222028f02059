"""Charts of recorded numbers: geometry only, what is drawn with them are the blocks of a page."""
