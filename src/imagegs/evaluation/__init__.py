"""Measuring imagegs beside other codecs: whole files, at given rates, with what a viewer would see."""
