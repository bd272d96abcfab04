/**
 * A loaded model at work. A {@link dev.bgem3.engine.ModelSession} holds one {@link
 * dev.bgem3.engine.ModelReplica} a device, lends out their slots, cuts a call's texts into batches and runs
 * them; a {@link dev.bgem3.engine.BatchQueue} puts many callers' texts into shared batches. It takes tokens
 * and a {@link dev.bgem3.engine.HeadSpec} and gives plain {@link dev.bgem3.engine.TextOutputs}; what users
 * call, {@code dev.bgem3}, translates its options and makes results of that, and this package knows nothing
 * of it.
 *
 * <p>
 * Internal: the module exports it to nobody.
 */
package dev.bgem3.engine;
