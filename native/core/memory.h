// Gives back memory that is free and that the allocator keeps.
#pragma once

#include <cstdlib> // tells whether the library is glibc

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace imagegs {

// Gives memory that is free back to the system, where the allocator can be told to: that of glibc.
inline void give_back_memory() {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

} // namespace imagegs
