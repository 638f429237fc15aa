// Asks for the cache line of a place that will be read soon.
#pragma once

#if defined(__GNUC__)
#define IMAGEGS_PREFETCH(place) __builtin_prefetch(place)
#else
#define IMAGEGS_PREFETCH(place) (void)(place)
#endif
