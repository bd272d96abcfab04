/** The reference: every operation written like its formula, in plain loops and double-precision sums. */
package dev.bgem3.kernel.scalar;
