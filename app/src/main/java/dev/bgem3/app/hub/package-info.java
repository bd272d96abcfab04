/**
 * Models from the Hugging Face hub, in the cache that its Python library shares.
 *
 * <p>
 * Start with {@link dev.bgem3.app.hub.HubDownload}: it asks the hub what a model's revision holds
 * ({@code HubClient}, {@code HubListing}), chooses what a model needs ({@code FileChoice}), fetches what is
 * not there yet ({@code Transfers}, into {@code PartFile}s), and puts it where it belongs, in the cache or in
 * a folder ({@code ModelStore}). {@link dev.bgem3.app.hub.HubEnvironment} reads the variables that the Python
 * library reads.
 *
 * <p>
 * Layout of the cache, as huggingface_hub documents it in "Understand caching":
 *
 * <pre>
 * models--OWNER--NAME/
 *     blobs/DIGEST                        a file's bytes; SHA-256 of what the hub keeps in LFS, else git's
 *     SHA-1 blobs/DIGEST.bgem3.incomplete       bytes so far, with holes; DIGEST.bgem3.ranges says which are
 *     there snapshots/COMMIT/PATH               a relative link to a blob refs/REVISION
 *     the commit that a branch or tag stood for
 * .locks/models--OWNER--NAME/bgem3.lock   held while a process of this program downloads the model
 * </pre>
 *
 * Nothing has a blob's or a snapshot's name before its size and digest were found right.
 */
package dev.bgem3.app.hub;
