"""Picture files in and out: arrays of pixels, reading by what each file says of itself, writing."""
