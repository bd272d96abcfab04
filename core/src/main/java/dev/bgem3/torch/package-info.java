/**
 * Weights as {@code torch.save} writes them: a zip whose entries are stored, not compressed.
 *
 * <pre>
 * NAME/data.pkl    a pickle: a dict from tensor name to _rebuild_tensor_v2(storage, offset, size, stride, …)
 * NAME/byteorder   "little"; absent in older files
 * NAME/data/KEY    the bytes of storage KEY
 * </pre>
 *
 * <p>
 * {@link dev.bgem3.torch.TorchReader} is the starting point. A pickle is a program for a stack machine that,
 * in Python, may call anything; the machine here knows the few operations and names that a state dict needs,
 * builds nothing but descriptions of tensors, and refuses all else by name. Storages are mapped, never
 * copied.
 *
 * @see <a href="https://docs.python.org/3/library/pickletools.html">The opcodes of pickle</a>
 * @see <a href="https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT">The zip format, sections 4.3 and
 * 4.5.3</a>
 */
package dev.bgem3.torch;
