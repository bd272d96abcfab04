/**
 * Runs a loaded model. A {@link dev.bgem3.engine.ModelSession} has one {@link dev.bgem3.engine.ModelReplica}
 * for each device, lends out their slots, divides a call's texts into batches and runs them; a
 * {@link dev.bgem3.engine.BatchQueue} collects the texts of many callers in shared batches. The package takes
 * tokens and a {@link dev.bgem3.engine.HeadSpec} and returns plain {@link dev.bgem3.engine.TextOutputs}. The
 * public package {@code dev.bgem3} converts its options and these results; this package does not depend on
 * it.
 *
 * <p>
 * Internal: the module does not export it.
 */
package dev.bgem3.engine;
