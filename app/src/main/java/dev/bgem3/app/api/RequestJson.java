package dev.bgem3.app.api;

import dev.bgem3.app.api.InvalidRequestException.Fault;
import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Parses a request's body: a JSON object in UTF-8, with no content after it, no duplicate keys, and at most
 * 64 levels of nesting.
 */
public final class RequestJson {
    private static final int MAX_DEPTH = 64;
    private static final JsonMapper MAPPER = JsonMapper
            .builder(JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH)
                            .maxStringLength(Integer.MAX_VALUE).build())
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

    /**
     * What Jackson appends to a reason: where a structure began, and settings that the client cannot change.
     */
    private static final Pattern BEYOND_REASON = Pattern
            .compile("( \\((start marker|for \\w+ starting) at|: enable `|\\R).*", Pattern.DOTALL);

    private static final int SCRATCH_CHARS = 1 << 12;
    private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};
    /** The length of an escape such as <code>&#92;ud83d</code>. */
    private static final int ESCAPE_BYTES = 6;
    private static final byte[] REPLACEMENT = {'f', 'f', 'f', 'd'};

    private RequestJson() {}

    /**
     * Upper bounds on the heap that a body takes in addition to its own bytes.
     *
     * @param toRead
     *            while it is parsed
     * @param kept
     *            afterwards, for its texts and token ids
     */
    public record Cost(long toRead, long kept) {}

    /**
     * Estimates the heap from the characters that begin and separate values: {@code [{},{},…]} takes 70 times
     * its size. The factors are the sizes, rounded up, of Jackson's nodes, of their collections with the
     * arrays of growing lists, and of the inputs made from them.
     */
    public static Cost cost(byte[] body) {
        long marks = 0;
        long commas = 0;
        boolean ascii = true;
        for (byte b : body) {
            switch (b) {
                case ',' -> {
                    marks += 28;
                    commas++;
                }
                case '"' -> marks += 32;
                case ':' -> marks += 100;
                case '[' -> marks += 140;
                case '{' -> marks += 160;
                // An escape may be any character.
                default -> ascii &= b > 0 && b != '\\';
            }
        }
        // Jackson assembles a long string from pieces with 2 bytes per character.
        return new Cost(6L * body.length + marks,
                (ascii ? 1L : 2L) * body.length + Short.BYTES * commas);
    }

    /**
     * Replaces halves of surrogate pairs, which texts that were cut within a character have, with U+FFFD.
     * UTF-8 has none, but JSON may have their escapes: <code>"&#92;ud83d"</code>.
     *
     * @return how many were replaced
     */
    public static int replaceLoneSurrogates(byte[] body) {
        int replaced = 0;
        for (int i = 0; i < body.length; i++) {
            if (body[i] != '\\') {
                continue;
            }
            int unit = escapedUnit(body, i);
            if (unit < 0) {
                i++; // The escaped character, which may be a backslash.
            } else if (isLow(escapedUnit(body, i + ESCAPE_BYTES)) && isHigh(unit)) {
                i += 2 * ESCAPE_BYTES - 1;
            } else {
                if (isHigh(unit) || isLow(unit)) {
                    System.arraycopy(REPLACEMENT, 0, body, i + 2, REPLACEMENT.length);
                    replaced++;
                }
                i += ESCAPE_BYTES - 1;
            }
        }
        return replaced;
    }

    /** Returns the UTF-16 unit that an escape at this index stands for; -1 if there is no such escape. */
    private static int escapedUnit(byte[] body, int at) {
        if (at + ESCAPE_BYTES > body.length || body[at] != '\\' || body[at + 1] != 'u') {
            return -1;
        }
        int unit = 0;
        for (int i = at + 2; i < at + ESCAPE_BYTES; i++) {
            int digit = Character.digit(body[i], 16);
            if (digit < 0) {
                return -1;
            }
            unit = unit << 4 | digit;
        }
        return unit;
    }

    private static boolean isHigh(int unit) {
        return unit >= Character.MIN_HIGH_SURROGATE && unit <= Character.MAX_HIGH_SURROGATE;
    }

    private static boolean isLow(int unit) {
        return unit >= Character.MIN_LOW_SURROGATE && unit <= Character.MAX_LOW_SURROGATE;
    }

    /**
     * Returns the fields of a body, which may begin with a byte order mark.
     *
     * @throws InvalidRequestException
     *             if the body is not such an object
     */
    public static Fields read(byte[] body) {
        int begin = Arrays.mismatch(body, BYTE_ORDER_MARK) == BYTE_ORDER_MARK.length
                || Arrays.equals(body, BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0;
        if (body.length == begin) {
            throw new InvalidRequestException(Fault.SYNTAX, "body: empty (expected: a JSON object)");
        }
        requireUtf8(body);
        JsonNode root;
        try {
            root = MAPPER.readTree(
                    new InputStreamReader(new ByteArrayInputStream(body, begin, body.length - begin),
                            StandardCharsets.UTF_8));
        } catch (JacksonException e) {
            throw new InvalidRequestException(Fault.SYNTAX, notJson(e));
        }
        if (!root.isObject()) {
            throw new InvalidRequestException(Fault.VALIDATION,
                    "body: " + Fields.kind(root) + " (expected: a JSON object)");
        }
        return new Fields(root, "");
    }

    /** Rejects malformed UTF-8, which an {@link InputStreamReader} would silently replace. */
    private static void requireUtf8(byte[] body) {
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        ByteBuffer bytes = ByteBuffer.wrap(body);
        CharBuffer scratch = CharBuffer.allocate(SCRATCH_CHARS);
        CoderResult result;
        do {
            scratch.clear();
            result = decoder.decode(bytes, scratch, true);
        } while (result.isOverflow());
        if (result.isError()) {
            throw new InvalidRequestException(Fault.SYNTAX,
                    "body: not UTF-8 at byte " + bytes.position() + " (expected: JSON in UTF-8)");
        }
    }

    private static String notJson(JacksonException e) {
        TokenStreamLocation location = e.getLocation();
        String where = location == null || location.getLineNr() < 1
                ? ""
                : ", line " + location.getLineNr() + ", column " + location.getColumnNr();
        return "body: not JSON" + where + ": "
                + BEYOND_REASON.matcher(e.getOriginalMessage()).replaceFirst("");
    }
}
