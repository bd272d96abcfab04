// Variable-length attention: softmax(q k^T / sqrt D) v for each head of each sequence, without padding.
//
// The scores never leave the registers (Dao 2023, "FlashAttention-2", algorithm 1; Milakov & Gimelshein 2018 for the
// softmax computed tile by tile). A block handles one tile of queries of one head and all keys of its sequence; its
// result depends on nothing else in the grid.
//
// queryKeyValue [T, 3C]: a row is q | k | v, each with its heads side by side, NH * D = C. A tile is
// {firstKeyRow, keyCount, firstQueryRow, firstOutRow}: the block computes the queries firstQueryRow ..
// firstQueryRow + n - 1, n = min(QUERY_TILE, queryLimit, firstKeyRow + keyCount - firstQueryRow), over the keys
// firstKeyRow .. firstKeyRow + keyCount - 1, into the rows from firstOutRow of out [*, C]. For tensor cores, out and
// queryKeyValue must start at multiples of 16 bytes.

#include "element.cuh"

constexpr int QUERY_TILE = 128;

DEVICE int queryCount(int4 tile, int queryLimit) {
    return min(min(QUERY_TILE, queryLimit), tile.x + tile.y - tile.z);
}

// ---------------------------------------------------------------------------------------------------------------------
// Head size 64, on tensor cores: mma.m16n8k16. Of a 16 x 8 accumulator, lane l holds the columns 2 (l % 4) and + 1 of
// the rows l / 4 (values 0 and 1) and l / 4 + 8 (values 2 and 3). Two neighbouring accumulators, rounded to pairs, have
// the layout of the next product's left operand, so the probabilities need no shuffle.

constexpr int HEAD_SIZE = 64;
constexpr int KEY_TILE = 64;
constexpr int ATTENTION_WARPS = 4;
constexpr int ATTENTION_THREADS = ATTENTION_WARPS * WARP;

/**
 * Each warp handles two groups of 16 queries, so that each fragment of keys and values that it reads serves two
 * products.
 */
constexpr int GROUPS = QUERY_TILE / (16 * ATTENTION_WARPS);
constexpr int DEPTH_STEPS = HEAD_SIZE / 16;
constexpr int KEY_STEPS = KEY_TILE / 16;

/** A row of a tile in shared memory is 128 bytes, eight packs of 16 bytes. Pack p of row r is stored at p ^ (r % 8), so
 * that eight packs of one column, read by ldmatrix, are in different banks, as are the eight packs of a row written. */
constexpr int ROW_BYTES = HEAD_SIZE * sizeof(Element);
constexpr int ROW_PACKS = ROW_BYTES / 16;
constexpr int KEY_TILE_BYTES = KEY_TILE * ROW_BYTES;

DEVICE unsigned packOffset(int row, int pack) {
    return row * ROW_BYTES + ((pack ^ (row % 8)) * 16);
}

/** d += a b, with a [16, 16] row-major and b [16, 8] column-major. */
DEVICE void multiplyAdd(float (&d)[4], const unsigned (&a)[4], unsigned b0, unsigned b1) {
#if BF16
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
#else
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
#endif
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

/** Loads four 8 x 8 matrices; lane l gives the address of row l % 8 of matrix l / 8. */
DEVICE void loadMatrices(unsigned (&fragment)[4], unsigned address) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(fragment[0]), "=r"(fragment[1]), "=r"(fragment[2]), "=r"(fragment[3])
                 : "r"(address)
                 : "memory");
}

/** Does the same and transposes each matrix. */
DEVICE void loadTransposed(unsigned (&fragment)[4], unsigned address) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(fragment[0]), "=r"(fragment[1]), "=r"(fragment[2]), "=r"(fragment[3])
                 : "r"(address)
                 : "memory");
}

/** Starts copying ROWS rows of a head, of which the first `count` are valid, to a tile; the others become zeros. */
template <int ROWS>
DEVICE void copyTile(unsigned tile, const Element* from, long long stride, int count) {
    const int pack = threadIdx.x % ROW_PACKS;
    const int firstRow = threadIdx.x / ROW_PACKS;
#pragma unroll
    for (int i = 0; i < ROWS * ROW_PACKS / ATTENTION_THREADS; i++) {
        const int row = firstRow + i * (ATTENTION_THREADS / ROW_PACKS);
        const bool valid = row < count;
        copyAsync(tile + packOffset(row, pack), from + (valid ? row : 0) * stride + pack * PACK, valid);
    }
}

// grid (headCount, tiles), block (128), no dynamic shared memory (48 KiB static); at most 65535 tiles.
extern "C" __global__ void __launch_bounds__(ATTENTION_THREADS, 2)
attention(Element* out, const Element* queryKeyValue, const int4* tiles, int headCount, int queryLimit) {
    __shared__ __align__(128) unsigned char queryTile[QUERY_TILE * ROW_BYTES];
    __shared__ __align__(128) unsigned char keyTiles[2][KEY_TILE_BYTES];
    __shared__ __align__(128) unsigned char valueTiles[2][KEY_TILE_BYTES];

    const int4 tile = tiles[blockIdx.y];
    const int keyCount = tile.y;
    const int queries = queryCount(tile, queryLimit);
    const int C = headCount * HEAD_SIZE;
    const long long stride = 3ll * C;
    const Element* query = queryKeyValue + tile.z * stride + blockIdx.x * HEAD_SIZE;
    const Element* key = queryKeyValue + tile.x * stride + C + blockIdx.x * HEAD_SIZE;

    const int lane = threadIdx.x % WARP;
    const int warpQuery = threadIdx.x / WARP * 16 * GROUPS;
    const bool active = warpQuery < queries; // A warp without queries only helps to copy.

    copyTile<QUERY_TILE>(sharedAddress(queryTile), query, stride, queries);
    copyTile<KEY_TILE>(sharedAddress(keyTiles[0]), key, stride, keyCount);
    copyTile<KEY_TILE>(sharedAddress(valueTiles[0]), key + C, stride, keyCount);
    commitCopies();

    unsigned q[GROUPS][DEPTH_STEPS][4];
    float sums[GROUPS][HEAD_SIZE / 8][4] = {};
    float maximum[GROUPS][2];
    float total[GROUPS][2] = {}; // Over this lane's columns; the four lanes of a row are added at the end.
#pragma unroll
    for (int g = 0; g < GROUPS; g++) {
        maximum[g][0] = maximum[g][1] = -infinity();
    }
    // exp(s / sqrt D - m) = 2^(s * scale - m * scale).
    const float scale = 1.44269504f / 8;

    for (int first = 0, stage = 0; first < keyCount; first += KEY_TILE, stage ^= 1) {
        waitForCopies<0>();
        __syncthreads(); // The tiles are complete, and no thread still reads those of the previous round.
        if (first + KEY_TILE < keyCount) {
            const Element* next = key + (first + KEY_TILE) * stride;
            const int count = keyCount - first - KEY_TILE;
            copyTile<KEY_TILE>(sharedAddress(keyTiles[stage ^ 1]), next, stride, count);
            copyTile<KEY_TILE>(sharedAddress(valueTiles[stage ^ 1]), next + C, stride, count);
            commitCopies();
        }
        if (!active) {
            continue;
        }
        if (first == 0) {
#pragma unroll
            for (int g = 0; g < GROUPS; g++) {
#pragma unroll
                for (int d = 0; d < DEPTH_STEPS; d++) {
                    loadMatrices(q[g][d], sharedAddress(queryTile)
                                                  + packOffset(warpQuery + 16 * g + lane % 16, 2 * d + lane / 16));
                }
            }
        }

        float scores[GROUPS][KEY_TILE / 8][4] = {};
#pragma unroll
        for (int d = 0; d < DEPTH_STEPS; d++) {
#pragma unroll
            for (int n = 0; n < KEY_STEPS; n++) {
                unsigned k[4];
                loadMatrices(k, sharedAddress(keyTiles[stage])
                                        + packOffset(16 * n + lane / 16 * 8 + lane % 8, 2 * d + lane / 8 % 2));
#pragma unroll
                for (int g = 0; g < GROUPS; g++) {
                    multiplyAdd(scores[g][2 * n], q[g][d], k[0], k[1]);
                    multiplyAdd(scores[g][2 * n + 1], q[g][d], k[2], k[3]);
                }
            }
        }

        if (first + KEY_TILE > keyCount) {
#pragma unroll
            for (int n = 0; n < KEY_TILE / 8; n++) {
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    const bool past = first + 8 * n + lane % 4 * 2 + i % 2 >= keyCount;
#pragma unroll
                    for (int g = 0; g < GROUPS; g++) {
                        scores[g][n][i] = past ? -infinity() : scores[g][n][i];
                    }
                }
            }
        }

        unsigned p[GROUPS][KEY_STEPS][4];
#pragma unroll
        for (int g = 0; g < GROUPS; g++) {
            float shift[2];
#pragma unroll
            for (int half = 0; half < 2; half++) { // The upper and the lower row.
                float m = maximum[g][half];
#pragma unroll
                for (int n = 0; n < KEY_TILE / 8; n++) {
                    m = fmaxf(m, fmaxf(scores[g][n][2 * half], scores[g][n][2 * half + 1]));
                }
                m = fmaxf(m, __shfl_xor_sync(ALL_LANES, m, 1));
                m = fmaxf(m, __shfl_xor_sync(ALL_LANES, m, 2));
                // If all scores so far are minus infinity, any finite shift makes their exponentials 0 rather than NaN.
                shift[half] = m == -infinity() ? 0 : m * scale;
                const float correction = exp2Approximately(maximum[g][half] * scale - shift[half]);
                maximum[g][half] = m;
                total[g][half] *= correction;
#pragma unroll
                for (int n = 0; n < HEAD_SIZE / 8; n++) {
                    sums[g][n][2 * half] *= correction;
                    sums[g][n][2 * half + 1] *= correction;
                }
            }
#pragma unroll
            for (int n = 0; n < KEY_TILE / 8; n++) {
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    scores[g][n][i] = exp2Approximately(fmaf(scores[g][n][i], scale, -shift[i / 2]));
                    total[g][i / 2] += scores[g][n][i];
                }
                p[g][n / 2][n % 2 * 2] = toPair(scores[g][n][0], scores[g][n][1]);
                p[g][n / 2][n % 2 * 2 + 1] = toPair(scores[g][n][2], scores[g][n][3]);
            }
        }

#pragma unroll
        for (int k = 0; k < KEY_STEPS; k++) {
#pragma unroll
            for (int d = 0; d < DEPTH_STEPS; d++) {
                unsigned v[4];
                loadTransposed(v, sharedAddress(valueTiles[stage])
                                          + packOffset(16 * k + lane % 16, 2 * d + lane / 16));
#pragma unroll
                for (int g = 0; g < GROUPS; g++) {
                    multiplyAdd(sums[g][2 * d], p[g][k], v[0], v[1]);
                    multiplyAdd(sums[g][2 * d + 1], p[g][k], v[2], v[3]);
                }
            }
        }
    }
    if (!active) {
        return;
    }

    // Reorders through the warp's own rows of the query tile, which no other warp reads, so that out is written in
    // whole packs.
#pragma unroll
    for (int g = 0; g < GROUPS; g++) {
#pragma unroll
        for (int half = 0; half < 2; half++) {
            float sum = total[g][half];
            sum += __shfl_xor_sync(ALL_LANES, sum, 1);
            sum += __shfl_xor_sync(ALL_LANES, sum, 2);
            const float inverse = 1 / sum;
            const int row = warpQuery + 16 * g + 8 * half + lane / 4;
#pragma unroll
            for (int n = 0; n < HEAD_SIZE / 8; n++) {
                *reinterpret_cast<unsigned*>(queryTile + packOffset(row, n) + lane % 4 * 4) =
                        toPair(sums[g][n][2 * half] * inverse, sums[g][n][2 * half + 1] * inverse);
            }
        }
    }
    __syncwarp();
    const int pack = lane % ROW_PACKS;
    for (int row = warpQuery + lane / ROW_PACKS; row < min(queries, warpQuery + 16 * GROUPS);
         row += WARP / ROW_PACKS) {
        storePack(out + static_cast<long long>(tile.w + row) * C + blockIdx.x * HEAD_SIZE + pack * PACK,
                  *reinterpret_cast<const uint4*>(queryTile + packOffset(row, pack)));
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Any head size up to 256, in fp32, for models without a tensor-core version.

constexpr int ANY_WARPS = 4;
constexpr int MAX_HEAD_SIZE = 256;

// Each warp handles one query; its lanes handle one key each for the scores, then one column each for the sums.
// grid (headCount, tiles), block (128), no dynamic shared memory; at most 65535 tiles, headSize 1 .. 256.
extern "C" __global__ void __launch_bounds__(ANY_WARPS * WARP)
attentionAnyHeadSize(Element* out, const Element* queryKeyValue, const int4* tiles, int headCount, int queryLimit,
                     int headSize) {
    __shared__ float query[ANY_WARPS][MAX_HEAD_SIZE];
    const int4 tile = tiles[blockIdx.y];
    const int queries = queryCount(tile, queryLimit);
    const int C = headCount * headSize;
    const long long stride = 3ll * C;
    const int warp = threadIdx.x / WARP;
    const int lane = threadIdx.x % WARP;
    const Element* head = queryKeyValue + blockIdx.x * headSize;
    const float scale = 1.44269504f / sqrtf(headSize);

    for (int row = warp; row < queries; row += ANY_WARPS) {
        for (int d = lane; d < headSize; d += WARP) {
            query[warp][d] = toFloat(head[(tile.z + row) * stride + d]);
        }
        __syncwarp();
        float sums[MAX_HEAD_SIZE / WARP] = {};
        float maximum = -infinity();
        float total = 0;
        for (int first = 0; first < tile.y; first += WARP) {
            float score = -infinity();
            if (first + lane < tile.y) {
                const Element* key = head + (tile.x + first + lane) * stride + C;
                score = 0;
                for (int d = 0; d < headSize; d++) {
                    score = fmaf(query[warp][d], toFloat(key[d]), score);
                }
            }
            float m = fmaxf(maximum, score);
            for (int distance = WARP / 2; distance > 0; distance /= 2) {
                m = fmaxf(m, __shfl_xor_sync(ALL_LANES, m, distance));
            }
            const float shift = m == -infinity() ? 0 : m * scale;
            const float correction = exp2Approximately(maximum * scale - shift);
            const float probability = exp2Approximately(score * scale - shift);
            maximum = m;
            total = total * correction + warpSum(probability);
#pragma unroll
            for (int i = 0; i < MAX_HEAD_SIZE / WARP; i++) {
                sums[i] *= correction;
            }
            for (int k = 0; k < min(WARP, tile.y - first); k++) {
                const float weight = __shfl_sync(ALL_LANES, probability, k);
                const Element* value = head + (tile.x + first + k) * stride + 2 * C;
#pragma unroll
                for (int i = 0; i < MAX_HEAD_SIZE / WARP; i++) {
                    if (i * WARP + lane < headSize) {
                        sums[i] = fmaf(weight, toFloat(value[i * WARP + lane]), sums[i]);
                    }
                }
            }
        }
#pragma unroll
        for (int i = 0; i < MAX_HEAD_SIZE / WARP; i++) {
            if (i * WARP + lane < headSize) {
                out[static_cast<long long>(tile.w + row) * C + blockIdx.x * headSize + i * WARP + lane] =
                        toElement(sums[i] / total);
            }
        }
        __syncwarp(); // The next query must not overwrite this one too early.
    }
}
