package dev.bgem3.app.wire;

import dev.bgem3.TextPair;
import dev.bgem3.app.stream.LineFaultException;
import dev.bgem3.app.stream.LineReader;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;

/**
 * Parses JSON Lines: one object per line, with the required texts and optionally an {@code id} of any type.
 *
 * <p>
 * Blank lines are skipped. Other keys are ignored. An id is kept as it is written, so that no number is
 * rounded. A duplicate key, at any depth, is an error.
 */
public final class JsonLines {
    private static final String ID = "id";
    private static final String QUERY = "query";
    private static final String PASSAGE = "passage";
    private static final String PASSAGES = "passages";
    private static final Set<String> NO_KEYS = Set.of();
    private static final JsonFactory FACTORY = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(200)
                    .maxStringLength(LineReader.MAX_LINE_BYTES).maxNumberLength(LineReader.MAX_LINE_BYTES)
                    .build())
            .build();

    /**
     * What Jackson appends to a reason: where a structure began, and settings that the user cannot change.
     */
    private static final Pattern BEYOND_REASON = Pattern
            .compile("( \\((start marker|for \\w+ starting) at|: enable `|\\R).*", Pattern.DOTALL);

    private JsonLines() {}

    /** Returns a parser for {@code {"id": any, "text": "…"}}. */
    public static LineParser<TextLine> texts() {
        Set<String> keys = Set.of("text");
        return skippingBlank((line, index, place) -> {
            Map<String, String> values = read(line, keys, NO_KEYS).texts();
            return new TextLine(values.getOrDefault(ID, Long.toString(index)), values.get("text"), place);
        });
    }

    /** Returns a parser for {@code {"id": any, "query": "…", "passage": "…"}}. */
    public static LineParser<PairLine> pairs() {
        Set<String> keys = Set.of(QUERY, PASSAGE);
        return skippingBlank((line, index, place) -> {
            Map<String, String> values = read(line, keys, NO_KEYS).texts();
            return new PairLine(values.getOrDefault(ID, Long.toString(index)),
                    new TextPair(values.get(QUERY), values.get(PASSAGE)).withPlace(place));
        });
    }

    /**
     * Returns a parser for {@code {"id": any, "query": "…", "passage": "…"}} and {@code {"id": any, "query":
     * "…", "passages": ["…", …]}}.
     */
    public static LineParser<RerankLine> rerank() {
        return skippingBlank((line, index, place) -> {
            Values values = read(line, Set.of(QUERY), Set.of(PASSAGE, PASSAGES));
            String passage = values.texts().get(PASSAGE);
            List<String> passages = values.lists().get(PASSAGES);
            if ((passage == null) == (passages == null)) {
                throw new LineFaultException((passage == null ? "no" : "both") + " \"passage\""
                        + (passage == null ? " or" : " and") + " \"passages\" (expected: one of them)");
            }
            String query = values.texts().get(QUERY);
            List<TextPair> pairs = new ArrayList<>();
            if (passage == null) {
                passages.forEach(listed -> pairs.add(new TextPair(query, listed)
                        .withPlace(place + ": \"" + PASSAGES + "\"[" + pairs.size() + "]")));
            } else {
                pairs.add(new TextPair(query, passage).withPlace(place));
            }
            return new RerankLine(values.texts().getOrDefault(ID, Long.toString(index)), pairs,
                    passage == null);
        });
    }

    /** Returns whether there is only white space of JSON, which is less than that of Java. */
    private static boolean isBlank(String line) {
        return line.chars().allMatch(c -> c == ' ' || c == '\t' || c == '\r');
    }

    private static <T> LineParser<T> skippingBlank(LineParser<T> parser) {
        return (line, index, place) -> isBlank(line) ? null : parser.parse(line, index, place);
    }

    /** The values of the requested keys, and the id as written if there is one. */
    private record Values(Map<String, String> texts, Map<String, List<String>> lists) {}

    /** Parses the required keys and those of the others that exist; {@value #PASSAGES} is a list. */
    private static Values read(String line, Set<String> required, Set<String> others)
            throws LineFaultException {
        Map<String, String> values = new HashMap<>();
        Map<String, List<String>> lists = new HashMap<>();
        try (JsonParser parser = FACTORY.createParser(ObjectReadContext.empty(), line)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw new LineFaultException(kind(parser) + " (expected: a JSON object)");
            }
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                String key = parser.currentName();
                parser.nextToken();
                if (key.equals(ID)) {
                    values.put(ID, written(line, parser));
                } else if (!required.contains(key) && !others.contains(key)) {
                    parser.skipChildren();
                } else if (key.equals(PASSAGES)) {
                    lists.put(key, texts(key, parser));
                } else if (parser.currentToken() == JsonToken.VALUE_STRING) {
                    values.put(key, parser.getString());
                } else {
                    throw new LineFaultException(
                            "\"" + key + "\": " + kind(parser) + " (expected: a string)");
                }
            }
            if (parser.nextToken() != null) {
                throw new LineFaultException(kind(parser) + " after the object (expected: the line's end)");
            }
        } catch (JacksonException e) {
            throw fault(e);
        }
        for (String key : required) {
            if (!values.containsKey(key)) {
                throw new LineFaultException("no \"" + key + "\"");
            }
        }
        return new Values(values, lists);
    }

    private static List<String> texts(String key, JsonParser parser) throws LineFaultException {
        if (parser.currentToken() != JsonToken.START_ARRAY) {
            throw new LineFaultException(
                    "\"" + key + "\": " + kind(parser) + " (expected: an array of strings)");
        }
        List<String> texts = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            String place = "\"" + key + "\"[" + texts.size() + "]";
            if (parser.currentToken() != JsonToken.VALUE_STRING) {
                throw new LineFaultException(place + ": " + kind(parser) + " (expected: a string)");
            }
            texts.add(parser.getString());
        }
        return texts;
    }

    private static String written(String line, JsonParser parser) {
        int from = (int) parser.currentTokenLocation().getCharOffset();
        if (parser.currentToken().isScalarValue()) {
            parser.finishToken();
            return switch (parser.currentToken()) {
                // The parser may have read beyond these, so use the length of the value itself.
                case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT, VALUE_TRUE, VALUE_FALSE, VALUE_NULL -> line
                        .substring(from, from + parser.getStringLength());
                default -> line.substring(from, (int) parser.currentLocation().getCharOffset());
            };
        }
        parser.skipChildren();
        return line.substring(from, (int) parser.currentLocation().getCharOffset());
    }

    private static String kind(JsonParser parser) {
        return switch (parser.currentToken()) {
            case START_OBJECT, END_OBJECT, PROPERTY_NAME -> "an object";
            case START_ARRAY, END_ARRAY -> "an array";
            case VALUE_STRING -> "a string";
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> "a number";
            case VALUE_TRUE, VALUE_FALSE -> "a boolean";
            case VALUE_NULL -> "null";
            case null, default -> "nothing";
        };
    }

    private static LineFaultException fault(JacksonException e) {
        TokenStreamLocation location = e.getLocation();
        String where = location == null || location.getColumnNr() < 1
                ? ""
                : ", column " + location.getColumnNr();
        String reason = BEYOND_REASON.matcher(e.getOriginalMessage()).replaceFirst("");
        return new LineFaultException("not JSON" + where + ": " + reason);
    }
}
