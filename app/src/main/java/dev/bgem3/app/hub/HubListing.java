package dev.bgem3.app.hub;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/**
 * The hub's response to {@code GET /api/models/OWNER/NAME/revision/REVISION?blobs=true}.
 *
 * @param commit
 *            40 digits
 * @param entries
 *            the files; {@link RepoFile#checkPath} accepted their paths
 */
record HubListing(String commit, List<Entry> entries) {
    private static final JsonFactory FACTORY = new JsonFactory();
    private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");

    /**
     * A file; a mirror may omit the size and the digest, which the hub itself gives.
     *
     * @param path
     *            the path in the repository
     * @param size
     *            the size in bytes
     * @param digest
     *            the digest of its content
     */
    record Entry(String path, OptionalLong size, Optional<Digest> digest) {}

    static boolean isCommit(String revision) {
        return COMMIT.matcher(revision).matches();
    }

    /**
     * Parses and checks the response.
     *
     * @throws HubException
     *             if the response is not a listing or contains a hostile path
     */
    static HubListing parse(byte[] json, String source) {
        String commit = null;
        List<Entry> entries = null;
        try (JsonParser parser = FACTORY.createParser(ObjectReadContext.empty(), json)) {
            expect(parser.nextToken() == JsonToken.START_OBJECT, source, "an object");
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                String key = parser.currentName();
                JsonToken value = parser.nextToken();
                if (key.equals("sha") && value == JsonToken.VALUE_STRING) {
                    commit = parser.getString();
                } else if (key.equals("siblings") && value == JsonToken.START_ARRAY) {
                    entries = entries(parser, source);
                } else {
                    parser.skipChildren();
                }
            }
        } catch (JacksonException e) {
            throw new HubException(source + ": its list of files is not JSON: "
                    + HubFiles.printable(e.getOriginalMessage()), e);
        }
        expect(commit != null && isCommit(commit), source, "\"sha\", a commit of 40 digits");
        expect(entries != null, source, "\"siblings\", the files");
        return new HubListing(commit, List.copyOf(entries));
    }

    private static List<Entry> entries(JsonParser parser, String source) {
        List<Entry> entries = new ArrayList<>();
        Set<String> paths = new HashSet<>();
        while (parser.nextToken() == JsonToken.START_OBJECT) {
            Entry entry = entry(parser, source);
            if (!paths.add(entry.path())) {
                throw new HubException(source + ": lists " + entry.path() + " twice");
            }
            entries.add(entry);
        }
        expect(parser.currentToken() == JsonToken.END_ARRAY, source, "files that are objects");
        return entries;
    }

    private static Entry entry(JsonParser parser, String source) {
        String path = null;
        OptionalLong size = OptionalLong.empty();
        Optional<Digest> blob = Optional.empty();
        Optional<Digest> lfs = Optional.empty();
        boolean inLfs = false;
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String key = parser.currentName();
            JsonToken value = parser.nextToken();
            if (key.equals("rfilename") && value == JsonToken.VALUE_STRING) {
                path = parser.getString();
                RepoFile.checkPath(path);
            } else if (key.equals("size") && value == JsonToken.VALUE_NUMBER_INT) {
                size = OptionalLong.of(parser.getLongValue());
            } else if (key.equals("blobId") && value == JsonToken.VALUE_STRING) {
                blob = Digest.of(parser.getString());
            } else if (key.equals("lfs") && value == JsonToken.START_OBJECT) {
                inLfs = true;
                lfs = lfsDigest(parser);
            } else {
                parser.skipChildren();
            }
        }
        expect(path != null, source, "\"rfilename\" of each file");
        expect(size.orElse(0) >= 0, source, "sizes of 0 and more");
        // The blob of a file in LFS is a pointer file, so its digest is not that of the file.
        return new Entry(path, size, inLfs ? lfs : blob);
    }

    private static Optional<Digest> lfsDigest(JsonParser parser) {
        Optional<Digest> digest = Optional.empty();
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String key = parser.currentName();
            if (parser.nextToken() == JsonToken.VALUE_STRING && (key.equals("sha256") || key.equals("oid"))) {
                digest = Digest.of(parser.getString());
            } else {
                parser.skipChildren();
            }
        }
        return digest;
    }

    private static void expect(boolean holds, String source, String what) {
        if (!holds) {
            throw new HubException(source + ": not the hub's list of files (expected: " + what + ")");
        }
    }
}
