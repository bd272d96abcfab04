package dev.bgem3.app.hub;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The models whose commit and content are built into this program, so that every mirror must serve the same
 * files.
 */
final class KnownModels {
    /**
     * A model at one commit.
     *
     * @param commit
     *            40 digits
     * @param files
     *            the files that the hub keeps in LFS, each with its size and SHA-256
     */
    record Known(String commit, List<RepoFile> files) {
        /**
         * Compares an entry of a listing with the known file.
         *
         * @throws HubException
         *             if the mirror lists other content for this commit
         */
        void check(HubListing.Entry entry, String source) {
            for (RepoFile known : files) {
                if (!known.path().equals(entry.path())) {
                    continue;
                }
                String digest = entry.digest().map(Digest::hex).orElse(known.digest().hex());
                long size = entry.size().orElse(known.size());
                if (!digest.equals(known.digest().hex()) || size != known.size()) {
                    throw new HubException(source + ": " + known.path() + " is not that of commit " + commit
                            + ": " + size + " bytes, " + digest + " (expected: " + known.size() + " bytes, "
                            + known.digest().hex() + ")");
                }
            }
        }
    }

    private static final Map<HubName, Known> KNOWN = Map.of(HubName.BGE_M3,
            new Known("5617a9f61b028005a4858fdac845db406aefb181", List.of(
                    file("pytorch_model.bin", 2_271_145_830L,
                            "b5e0ce3470abf5ef3831aa1bd5553b486803e83251590ab7ff35a117cf6aad38"),
                    file("colbert_linear.pt", 2_100_674,
                            "19bfbae397c2b7524158c919d0e9b19393c5639d098f0a66932c91ed8f5f9abb"),
                    file("sparse_linear.pt", 3_516,
                            "45c93804d2142b8f6d7ec6914ae23a1eee9c6a1d27d83d908a20d2afb3595ad9"),
                    file("sentencepiece.bpe.model", 5_069_051,
                            "cfc8146abe2a0488e9e2a0c56de7952f7c11ab059eca145a0a727afce0db2865"),
                    file("tokenizer.json", 17_098_108,
                            "21106b6d7dab2952c1d496fb21d5dc9db75c28ed361a05f5020bbba27810dd08"))));

    private KnownModels() {}

    static Optional<Known> find(HubName name) {
        return Optional.ofNullable(KNOWN.get(name));
    }

    private static RepoFile file(String path, long size, String sha256) {
        return new RepoFile(path, size, new Digest(sha256));
    }
}
