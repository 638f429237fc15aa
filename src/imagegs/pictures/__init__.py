"""What each kind of picture file says of its own samples and colours; `imagegs.pictures.reading` reads by it."""
