/**
 * Downloads models from the Hugging Face hub into the cache that its Python library shares.
 *
 * <p>
 * Start with {@link dev.bgem3.app.hub.HubDownload}: it requests the file list of a model's revision
 * ({@code HubClient}, {@code HubListing}), chooses the files that a model needs ({@code FileChoice}), fetches
 * the missing ones ({@code Transfers}, into {@code PartFile}s), and moves them to their final paths in the
 * cache or in a folder ({@code ModelStore}). {@link dev.bgem3.app.hub.HubEnvironment} reads the environment
 * variables that the Python library reads.
 *
 * <p>
 * Layout of the cache, as huggingface_hub documents it in "Understand caching":
 *
 * <pre>
 * models--OWNER--NAME/
 *     blobs/DIGEST                      a file's bytes; named by SHA-256 if in LFS, else by git's SHA-1
 *     blobs/DIGEST.bgem3.incomplete     the bytes so far, with holes
 *     blobs/DIGEST.bgem3.ranges         which bytes of that file are present
 *     snapshots/COMMIT/PATH             a relative link to a blob
 *     refs/REVISION                     the commit to which a branch or tag pointed
 * .locks/models--OWNER--NAME/bgem3.lock locked while a process of this program downloads the model
 * </pre>
 *
 * A file gets its final name only after its size and digest have been verified.
 */
package dev.bgem3.app.hub;
