// Variable-length attention of head size 64 on Hopper: the same function and arguments as in attention.cu, whose
// comments apply here too. Only the products differ: a warpgroup multiplies 64 queries by 128 keys at once from shared
// memory (wgmma), and the tensor cores work asynchronously (Shah et al. 2024, "FlashAttention-3").
//
// For each key and query the exponential occupies the special function units as long as the two products occupy the
// tensor cores. So that neither has to wait for the other, two blocks of two warpgroups share a multiprocessor: while
// one computes exponentials, the other's products run. This limits a thread to 128 registers: 64 scores, which become
// 32 registers of probabilities, and 32 sums.

#include "hopper.cuh"

constexpr int HEAD_SIZE = 64;
constexpr int QUERY_TILE = 128;
constexpr int KEY_TILE = 128;
constexpr int GROUP_QUERIES = 64; // Per warpgroup.
constexpr int GROUP_THREADS = 128;
constexpr int THREADS = QUERY_TILE / GROUP_QUERIES * GROUP_THREADS;

constexpr int ROW_BYTES = HEAD_SIZE * sizeof(Element);
constexpr int ROW_PACKS = ROW_BYTES / 16;
constexpr int TILE_BYTES = KEY_TILE * ROW_BYTES;

/** The queries, then the keys and values of two stages, one of which is used while the other is filled. */
constexpr int SHARED_BYTES = QUERY_TILE * ROW_BYTES + 2 * 2 * TILE_BYTES;
static_assert(2 * (SHARED_BYTES + 1024) <= 228 * 1024, "two blocks share a multiprocessor's memory");

/** A tile's rows have the 128-byte swizzle: pack p of row r is stored at p ^ (r % 8). */
DEVICE unsigned packOffset(int row, int pack) {
    return row * ROW_BYTES + ((pack ^ (row % 8)) * 16);
}

/** Starts copying 128 rows of a head, of which the first `count` are valid, to a tile; the others become zeros. */
DEVICE void copyTile(unsigned tile, const Element* from, long long stride, int count) {
    const int pack = threadIdx.x % ROW_PACKS;
    const int firstRow = threadIdx.x / ROW_PACKS;
#pragma unroll
    for (int i = 0; i < KEY_TILE * ROW_PACKS / THREADS; i++) {
        const int row = firstRow + i * (THREADS / ROW_PACKS);
        const bool valid = row < count;
        copyAsync(tile + packOffset(row, pack), from + (valid ? row : 0) * stride + pack * PACK, valid);
    }
}

/**
 * sums [64, 64] += a [64, 16] b [16, 64], with b row-major in shared memory and a in registers, laid out as in
 * attention.cu. For each eight columns j, a thread holds sums[4j] and [4j + 1] at row 16 * warp + lane / 4, columns
 * 8j + 2 * (lane % 4) and the next, and sums[4j + 2] and [4j + 3] eight rows below.
 */
DEVICE void multiplyByRows(float (&sums)[32], const unsigned (&a)[4], uint64 b) {
    asm volatile("wgmma.mma_async.sync.aligned.m64n64k16.f32." ELEMENT_PTX "." ELEMENT_PTX " "
                 "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
                 "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31}, "
                 "{%32, %33, %34, %35}, %36, 1, 1, 1, 1;"
                 : EIGHT_SUMS(sums, 0), EIGHT_SUMS(sums, 8), EIGHT_SUMS(sums, 16), EIGHT_SUMS(sums, 24)
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));
}

// grid (headCount, tiles), block (256), dynamic shared bytes 81920 (SHARED_BYTES, more than the 48 KiB that need no
// attribute); at most 65535 tiles.
extern "C" __global__ void __launch_bounds__(THREADS, 2)
attention90(Element* out, const Element* queryKeyValue, const int4* tiles, int headCount, int queryLimit) {
    extern __shared__ __align__(1024) unsigned char shared[];
    const unsigned queryTile = sharedAddress(shared);
    const unsigned stages = queryTile + QUERY_TILE * ROW_BYTES;

    const int4 tile = tiles[blockIdx.y];
    const int keyCount = tile.y;
    const int queries = min(min(QUERY_TILE, queryLimit), tile.x + tile.y - tile.z);
    const int C = headCount * HEAD_SIZE;
    const long long stride = 3ll * C;
    const Element* query = queryKeyValue + tile.z * stride + blockIdx.x * HEAD_SIZE;
    const Element* key = queryKeyValue + tile.x * stride + C + blockIdx.x * HEAD_SIZE;

    const int lane = threadIdx.x % WARP;
    const int groupQuery = threadIdx.x / GROUP_THREADS * GROUP_QUERIES;
    const int warpQuery = threadIdx.x / WARP * 16;
    const bool active = groupQuery < queries; // A warpgroup without queries only helps to copy.

    copyTile(queryTile, query, stride, queries);
    copyTile(stages, key, stride, keyCount);
    copyTile(stages + TILE_BYTES, key + C, stride, keyCount);
    commitCopies();

    float sums[HEAD_SIZE / 2] = {};
    float maximum[2] = {-infinity(), -infinity()}; // Of the upper and the lower row of this lane.
    float total[2] = {}; // Over this lane's columns; the four lanes of a row are added at the end.
    // exp(s / sqrt D - m) = 2^(s * scale - m * scale).
    const float scale = 1.44269504f / 8;

    for (int first = 0, stage = 0; first < keyCount; first += KEY_TILE, stage ^= 1) {
        waitForCopies<0>();
        fenceForAsync();
        __syncthreads(); // The tiles are complete, and no thread still reads those of the previous round.
        const unsigned keyTile = stages + stage * 2 * TILE_BYTES;
        const unsigned valueTile = keyTile + TILE_BYTES;
        if (first + KEY_TILE < keyCount) {
            const Element* next = key + (first + KEY_TILE) * stride;
            const unsigned nextTile = stages + (stage ^ 1) * 2 * TILE_BYTES;
            copyTile(nextTile, next, stride, keyCount - first - KEY_TILE);
            copyTile(nextTile + TILE_BYTES, next + C, stride, keyCount - first - KEY_TILE);
            commitCopies();
        }
        if (!active) {
            continue;
        }

        float scores[KEY_TILE / 2];
        beginProducts();
#pragma unroll
        for (int d = 0; d < HEAD_SIZE / 16; d++) {
            multiply(scores, describeTile(queryTile + groupQuery * ROW_BYTES + d * 32), describeTile(keyTile + d * 32),
                     d > 0);
        }
        commitProducts();
        awaitProducts<0>();

        if (first + KEY_TILE > keyCount) {
#pragma unroll
            for (int i = 0; i < KEY_TILE / 2; i++) {
                const int column = first + i / 4 * 8 + lane % 4 * 2 + i % 2;
                scores[i] = column < keyCount ? scores[i] : -infinity();
            }
        }

        float shift[2];
#pragma unroll
        for (int half = 0; half < 2; half++) {
            float m = maximum[half];
#pragma unroll
            for (int i = 2 * half; i < KEY_TILE / 2; i += 4) {
                m = fmaxf(m, fmaxf(scores[i], scores[i + 1]));
            }
            m = fmaxf(m, __shfl_xor_sync(ALL_LANES, m, 1));
            m = fmaxf(m, __shfl_xor_sync(ALL_LANES, m, 2));
            // If all scores so far are minus infinity, any finite shift makes their exponentials 0 rather than NaN.
            shift[half] = m == -infinity() ? 0 : m * scale;
            const float correction = exp2Approximately(maximum[half] * scale - shift[half]);
            maximum[half] = m;
            total[half] *= correction;
#pragma unroll
            for (int i = 2 * half; i < HEAD_SIZE / 2; i += 4) {
                sums[i] *= correction;
                sums[i + 1] *= correction;
            }
        }

        unsigned probabilities[KEY_TILE / 16][4];
#pragma unroll
        for (int i = 0; i < KEY_TILE / 2; i += 2) {
            const int half = i / 2 % 2;
            const float p0 = exp2Approximately(fmaf(scores[i], scale, -shift[half]));
            const float p1 = exp2Approximately(fmaf(scores[i + 1], scale, -shift[half]));
            total[half] += p0 + p1;
            probabilities[i / 8][i / 2 % 4] = toPair(p0, p1);
        }

        beginProducts();
#pragma unroll
        for (int k = 0; k < KEY_TILE / 16; k++) {
            multiplyByRows(sums, probabilities[k], describeTile(valueTile + k * 16 * ROW_BYTES));
        }
        commitProducts();
        awaitProducts<0>();
    }
    __syncthreads(); // All products have read the query tile; its rows now receive the warps' results.
    if (!active) {
        return;
    }

    // Reorders through shared memory, so that out is written in whole packs.
#pragma unroll
    for (int half = 0; half < 2; half++) {
        float sum = total[half];
        sum += __shfl_xor_sync(ALL_LANES, sum, 1);
        sum += __shfl_xor_sync(ALL_LANES, sum, 2);
        const float inverse = 1 / sum;
        const int row = warpQuery + 8 * half + lane / 4;
#pragma unroll
        for (int n = 0; n < HEAD_SIZE / 8; n++) {
            *reinterpret_cast<unsigned*>(shared + packOffset(row, n) + lane % 4 * 4) =
                    toPair(sums[4 * n + 2 * half] * inverse, sums[4 * n + 2 * half + 1] * inverse);
        }
    }
    __syncwarp();
    const int pack = lane % ROW_PACKS;
    for (int row = warpQuery + lane / ROW_PACKS; row < min(queries, warpQuery + 16); row += WARP / ROW_PACKS) {
        storePack(out + static_cast<long long>(tile.w + row) * C + blockIdx.x * HEAD_SIZE + pack * PACK,
                  *reinterpret_cast<const uint4*>(shared + packOffset(row, pack)));
    }
}
