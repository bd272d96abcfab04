// The instructions for attention on Hopper (sm_90a), each under a descriptive name: matrix products by a warpgroup
// (wgmma; PTX ISA 8.x, section 9.7.15), whose operands are in shared memory.
//
// A tile with 64 numbers in a row takes 128 bytes a row in shared memory, in the "128-byte swizzle": the 16-byte piece
// c of row r is stored at piece c ^ (r & 7), so that the same piece of eight rows, which a matrix load reads at once,
// is in eight different groups of four banks. A tile must start at a multiple of 1,024 bytes.

#pragma once

#include "element.cuh"

/** The element type in the names of instructions. */
#if BF16
#define ELEMENT_PTX "bf16"
#else
#define ELEMENT_PTX "f16"
#endif

typedef unsigned long long uint64;

/** Orders this thread's ordinary accesses to shared memory before later accesses by wgmma. */
DEVICE void fenceForAsync() {
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}

// Products by a warpgroup run asynchronously: between beginProducts and awaitProducts nothing may touch their sums.

DEVICE void beginProducts() {
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}

DEVICE void commitProducts() {
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}

/** Waits until all but the last `pending` groups of products are done. */
template <int pending>
DEVICE void awaitProducts() {
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(pending) : "memory");
}

/**
 * Returns wgmma's descriptor of a tile with 64 numbers in a row in the 128-byte swizzle: the address and the distance
 * of 1,024 bytes between groups of eight rows, both in units of 16 bytes, and the swizzle's code 1 in the top bits.
 * Adding 2 moves the descriptor by sixteen numbers along the rows.
 */
DEVICE uint64 describeTile(unsigned address) {
    return (uint64)((address & 0x3FFFF) >> 4) | (uint64)1 << 16 | (uint64)(1024 >> 4) << 32 | (uint64)1 << 62;
}

#define EIGHT_SUMS(s, i)                                                                                               \
    "+f"(s[i]), "+f"(s[i + 1]), "+f"(s[i + 2]), "+f"(s[i + 3]), "+f"(s[i + 4]), "+f"(s[i + 5]), "+f"(s[i + 6]),        \
        "+f"(s[i + 7])

/**
 * sums[64 × 128] = a[64 × 16] · b[128 × 16]ᵀ, added to the sums if `add` is not 0. For each eight columns j, a thread
 * holds sums[4j] and [4j + 1] at row 16·warp + lane / 4, columns 8j + 2·(lane % 4) and the next, and sums[4j + 2] and
 * [4j + 3] eight rows below.
 */
DEVICE void multiply(float (&sums)[64], uint64 a, uint64 b, int add) {
    asm volatile("{\n\t"
                 ".reg .pred add;\n\t"
                 "setp.ne.b32 add, %66, 0;\n\t"
                 "wgmma.mma_async.sync.aligned.m64n128k16.f32." ELEMENT_PTX "." ELEMENT_PTX " "
                 "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
                 "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
                 "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
                 "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}, "
                 "%64, %65, add, 1, 1, 0, 0;\n\t"
                 "}"
                 : EIGHT_SUMS(sums, 0), EIGHT_SUMS(sums, 8), EIGHT_SUMS(sums, 16), EIGHT_SUMS(sums, 24),
                   EIGHT_SUMS(sums, 32), EIGHT_SUMS(sums, 40), EIGHT_SUMS(sums, 48), EIGHT_SUMS(sums, 56)
                 : "l"(a), "l"(b), "r"(add));
}
