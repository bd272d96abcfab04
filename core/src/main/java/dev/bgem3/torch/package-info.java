/**
 * Reads weights that {@code torch.save} wrote: a zip file whose entries are stored, not compressed.
 *
 * <pre>
 * NAME/data.pkl    a pickle: a dict from tensor name to _rebuild_tensor_v2(storage, offset, size, stride, …)
 * NAME/byteorder   "little"; absent in older files
 * NAME/data/KEY    the bytes of storage KEY
 * </pre>
 *
 * <p>
 * Start with {@link dev.bgem3.torch.TorchReader}. A pickle is a program for a stack machine that can call
 * anything in Python. The machine in this package implements only the operations and names that a state dict
 * needs, builds nothing but descriptions of tensors, and rejects everything else with an error that names it.
 * Storages are mapped, never copied.
 *
 * @see <a href="https://docs.python.org/3/library/pickletools.html">The opcodes of pickle</a>
 * @see <a href="https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT">The zip format, sections 4.3 and
 * 4.5.3</a>
 */
package dev.bgem3.torch;
