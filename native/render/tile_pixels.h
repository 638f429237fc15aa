// A tile's pixels between lane order and pictures: storing colours (as floats or integers), loading a tile of a planar
// array, and where its pixel centres lie on the canvas.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "core/lane_order.h"
#include "core/prefetch.h"
#include "render/tiles.h"

namespace imagegs {

// Where a picture is written: float, uint8_t or uint16_t; strides in elements.
enum class Sample { kFloat, kUint8, kUint16 };
struct Picture {
    void *data;
    Sample sample;
    size_t column_stride, row_stride, channel_stride;
};

// Converts colours to T: as they are, or clipped and rounded to 0 .. largest. (NaN cannot occur.)
template <class T> void convert(const float *from, int n, T *to) {
    if constexpr (std::is_floating_point_v<T>) {
        std::copy(from, from + n, to);
    } else {
        constexpr float largest = float(std::numeric_limits<T>::max());
        for (int i = 0; i < n; ++i) {
            float v = from[i] * largest + 0.5f;
            v = v > 0.0f ? v : 0.0f;
            to[i] = T(int(v < largest ? v : largest));
        }
    }
}

// Copies the strides to variables, because the compiler must assume that written bytes may change the originals.
template <class T, int Channels>
void scatter(const T *planes, int channels, int width, int height, T *to, const Picture &p) {
    const size_t n = Channels ? Channels : channels;
    const size_t row = p.row_stride, column = p.column_stride, channel = p.channel_stride;
    for (int y = 0; y < height; ++y) {
        T *pixel = to + y * row;
        for (int x = 0; x < width; ++x, pixel += column)
            for (size_t c = 0; c < n; ++c) pixel[c * channel] = planes[c * kTilePixels + y * kTile + x];
    }
}

// Does the same for whole rows of an interleaved picture, the usual case.
template <class T, int Channels> void scatter_interleaved(const T *planes, int height, T *to, size_t row_stride) {
    for (int y = 0; y < height; ++y, to += row_stride, planes += kTile)
        for (int x = 0; x < kTile; ++x)
            for (int c = 0; c < Channels; ++c) to[x * Channels + c] = planes[c * kTilePixels + x];
}

// Writes a tile in row order, [channel][row][column] of 16 x 16, to the picture.
template <class T>
void store_rows(const float *rows, int channels, int width, int height, size_t at, const Picture &p) {
    T planes[kMaxChannels * kTilePixels];
    convert(rows, channels * kTilePixels, planes);
    T *to = (T *)p.data + at;
    if (channels == 3 && width == kTile && p.column_stride == 3 && p.channel_stride == 1)
        return scatter_interleaved<T, 3>(planes, height, to, p.row_stride);
    if (channels == 3) return scatter<T, 3>(planes, channels, width, height, to, p);
    return scatter<T, 0>(planes, channels, width, height, to, p);
}

// Does the same for the picture's kind of samples.
inline void store_rows(const float *rows, int channels, int width, int height, size_t at, const Picture &p) {
    switch (p.sample) {
    case Sample::kFloat: return store_rows<float>(rows, channels, width, height, at, p);
    case Sample::kUint8: return store_rows<uint8_t>(rows, channels, width, height, at, p);
    case Sample::kUint16: return store_rows<uint16_t>(rows, channels, width, height, at, p);
    }
}

// Writes a tile of colours in lane order to the picture at (x, y).
inline void store_tile(const LaneOrder &order, const float *lanes, int channels, int x, int y, int width, int height,
                       const Picture &p) {
    const size_t at = y * p.row_stride + x * p.column_stride;
    if (p.sample == Sample::kFloat && p.column_stride == 1 && width == kTile && height == kTile) {
        for (int c = 0; c < channels; ++c)
            copy_tile<true>(order, lanes + c * kTilePixels, (float *)p.data + at + c * p.channel_stride, p.row_stride);
        return;
    }
    float rows[kMaxChannels * kTilePixels];
    for (int c = 0; c < channels; ++c) copy_tile<true>(order, lanes + c * kTilePixels, rows + c * kTilePixels, kTile);
    store_rows(rows, channels, width, height, at, p);
}

// The number of samples of a pixel of a filtered picture, across and down.
struct Samples {
    int x, y;
};

// The same of a filtered picture: writes width x height pixels at (x, y), each the mean of its samples, which follow
// each other in the tile. For integers samples are clipped first: it is the mean of what a full decode would show.
inline void store_means(const LaneOrder &order, const float *lanes, int channels, Samples samples, int x, int y,
                        int width, int height, const Picture &p) {
    float fine[kTilePixels], rows[kMaxChannels * kTilePixels];
    const float share = 1.0f / float(samples.x * samples.y);
    for (int c = 0; c < channels; ++c) {
        copy_tile<true>(order, lanes + c * kTilePixels, fine, kTile);
        if (p.sample != Sample::kFloat)
            for (float &v : fine) v = std::min(std::max(v, 0.0f), 1.0f);
        for (int row = 0; row < height; ++row)
            for (int column = 0; column < width; ++column) {
                const float *first = fine + row * samples.y * kTile + column * samples.x;
                float sum = 0;
                for (int i = 0; i < samples.y; ++i)
                    for (int k = 0; k < samples.x; ++k) sum += first[i * kTile + k];
                rows[c * kTilePixels + row * kTile + column] = sum * share;
            }
    }
    store_rows(rows, channels, width, height, y * p.row_stride + x * p.column_stride, p);
}

// Reads a tile of a [channel][row][column] array into lane order; 0 where the tile leaves the picture.
inline void load_tile(const LaneOrder &order, const float *from, int channels, const Grid &grid, int x, int y,
                      float *lanes) {
    const int width = std::min(kTile, grid.width - x), height = std::min(kTile, grid.height - y);
    for (int c = 0; c < channels; ++c) {
        const float *plane = from + (size_t(c) * grid.height + y) * grid.width + x;
        if (width == kTile && height == kTile) {
            copy_tile<false>(order, lanes + c * kTilePixels, plane, size_t(grid.width));
            continue;
        }
        for (int i = 0; i < kTilePixels; ++i)
            lanes[c * kTilePixels + i] =
                order.x[i] < width && order.y[i] < height ? plane[size_t(order.y[i]) * grid.width + order.x[i]] : 0.0f;
    }
}

// Asks for a whole tile that load_tile will read, early: its rows lie too far apart for the processor to guess.
inline void prefetch_tile(const float *from, int channels, const Grid &grid, int x, int y) {
    const int last_x = std::min(kTile, grid.width - x) - 1, height = std::min(kTile, grid.height - y);
    for (int c = 0; c < channels; ++c)
        for (int row = 0; row < height; ++row) {
            const float *at = from + (size_t(c) * grid.height + y + row) * grid.width + x;
            IMAGEGS_PREFETCH(at), IMAGEGS_PREFETCH(at + last_x);
        }
}

// Pixel centres of a tile; lanes beyond the picture repeat its last pixel.
inline void tile_points(const LaneOrder &order, const Grid &grid, int x, int y, float *px, float *py) {
    const float last_x = float(grid.width - 1 - x), last_y = float(grid.height - 1 - y);
    const float first_x = float(grid.x0 + x) + 0.5f, first_y = float(grid.y0 + y) + 0.5f;
    for (int i = 0; i < kTilePixels; ++i) {
        px[i] = (first_x + std::min(order.fx[i], last_x)) * grid.step_x;
        py[i] = (first_y + std::min(order.fy[i], last_y)) * grid.step_y;
    }
}

} // namespace imagegs
