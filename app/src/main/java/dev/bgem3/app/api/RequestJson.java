package dev.bgem3.app.api;

import dev.bgem3.app.api.InvalidRequestException.Fault;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
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
 * Reads a request's body: one JSON object in UTF-8, nothing after it, no key twice, at most 64 levels deep.
 */
public final class RequestJson {
    private static final int MOST_DEPTH = 64;
    private static final JsonMapper MAPPER = JsonMapper
            .builder(JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(MOST_DEPTH)
                            .maxStringLength(Integer.MAX_VALUE).build())
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

    /** What Jackson adds to a reason: where a structure began, and settings that are not the client's to make. */
    private static final Pattern BEYOND_REASON = Pattern
            .compile("( \\((start marker|for \\w+ starting) at|: enable `|\\R).*", Pattern.DOTALL);

    private RequestJson() {}

    /**
     * The fields of a body.
     *
     * @throws InvalidRequestException
     *             where the body is no such object
     */
    public static Fields read(byte[] body) {
        if (body.length == 0) {
            throw new InvalidRequestException(Fault.SYNTAX, "body: empty (expected: a JSON object)");
        }
        String text = decode(body);
        JsonNode root;
        try {
            root = MAPPER.readTree(text);
        } catch (JacksonException e) {
            throw new InvalidRequestException(Fault.SYNTAX, notJson(e));
        }
        if (!root.isObject()) {
            throw new InvalidRequestException(Fault.VALIDATION,
                    "body: " + Fields.kind(root) + " (expected: a JSON object)");
        }
        return new Fields(root, "");
    }

    private static String decode(byte[] body) {
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        ByteBuffer bytes = ByteBuffer.wrap(body);
        try {
            CharBuffer text = decoder.decode(bytes);
            return text.toString();
        } catch (CharacterCodingException e) {
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
