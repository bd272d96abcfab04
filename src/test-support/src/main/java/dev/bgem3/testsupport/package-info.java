/**
 * Utilities that the tests of several modules share. {@link dev.bgem3.testsupport.Mutator} damages files for
 * fuzz tests, within the limits of {@link dev.bgem3.testsupport.Bounded};
 * {@link dev.bgem3.testsupport.Seeds} makes random tests repeatable;
 * {@link dev.bgem3.testsupport.TestSizes} sets how much long tests do;
 * {@link dev.bgem3.testsupport.Pipes} creates named pipes, on which no reader may block;
 * {@link dev.bgem3.testsupport.DefaultKernels} marks tests of the choice of kernels. Never published.
 */
package dev.bgem3.testsupport;
