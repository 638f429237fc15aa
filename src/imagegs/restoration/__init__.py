"""Degraded pictures: what is fitted in their place, so that the file decodes to a better one."""
