/**
 * The reference: every operation as its formula reads, in double precision sums and plain loops, without
 * tricks.
 */
package dev.bgem3.kernel.scalar;
