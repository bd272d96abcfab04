package dev.bgem3.app.serve;

import dev.bgem3.TextInput;
import dev.bgem3.app.api.InvalidRequestException;
import dev.bgem3.app.api.InvalidRequestException.Fault;
import dev.bgem3.app.api.TeiRequests.Decode;
import dev.bgem3.app.api.TeiRequests.Tokenize;
import dev.bgem3.tokenizer.Encoding;
import dev.bgem3.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.ObjIntConsumer;
import java.util.stream.Collectors;
import tools.jackson.core.JsonGenerator;

/** The routes of text-embeddings-inference that need only a tokenizer. */
final class TokenRoutes {
    /** An upper bound on the heap per token of a decoded text, which grows by doubling. */
    private static final int PIECE_BYTES = 64;

    private final Tokenizer tokenizer;
    private final Prompts prompts;
    private final String prompt;
    private final ObjIntConsumer<String> countWithin;
    private final Set<Integer> special;
    private final int prefixLength;
    private final int suffixLength;

    /**
     * Creates the routes for a tokenizer.
     *
     * @param prompt
     *            the prompt of texts whose request names none
     * @param countWithin
     *            rejects a field without texts, or with too many
     */
    TokenRoutes(Tokenizer tokenizer, Prompts prompts, String prompt, ObjIntConsumer<String> countWithin) {
        this.tokenizer = tokenizer;
        this.prompts = prompts;
        this.prompt = prompt;
        this.countWithin = countWithin;
        special = Arrays.stream(tokenizer.specialIds()).boxed().collect(Collectors.toSet());
        prefixLength = tokenizer.prefixIds().length;
        suffixLength = tokenizer.suffixIds().length;
    }

    List<Route> routes() {
        return List.of(Route.post("/tokenize", this::tokenize), Route.post("/decode", this::decode));
    }

    private void tokenize(Exchange exchange) {
        Tokenize request = Tokenize.read(exchange.body());
        countWithin.accept("inputs", request.inputs().size());
        String before = prompts.chosen(request.options()).orElse(prompt);
        exchange.room(request.inputs().stream()
                .mapToLong(input -> HeapCost.heapToTokenizeWithOffsets(input.text())).max().orElse(0));
        exchange.json(json -> {
            json.writeStartArray();
            for (TextInput.Text input : request.inputs()) {
                String text = before + input.text();
                tokens(json, text, tokenizer.encode(text), request.addSpecialTokens());
            }
            json.writeEndArray();
        });
    }

    /** Writes tokens; offsets count Unicode characters, not UTF-16 units, and special tokens have none. */
    private void tokens(JsonGenerator json, String text, Encoding encoding, boolean withSpecial) {
        json.writeStartArray();
        int unit = 0;
        int character = 0;
        int suffixBegin = encoding.length() - suffixLength;
        int end = withSpecial ? encoding.length() : suffixBegin;
        for (int i = withSpecial ? 0 : prefixLength; i < end; i++) {
            boolean added = i < prefixLength || i >= suffixBegin;
            int id = encoding.id(i);
            json.writeStartObject();
            json.writeNumberProperty("id", id);
            if (added) {
                json.writeStringProperty("text", tokenizer.piece(id));
                json.writeBooleanProperty("special", true);
                json.writeNullProperty("start");
                json.writeNullProperty("stop");
            } else {
                // Starts never decrease, so one pass over the text is enough.
                character += text.codePointCount(unit, encoding.start(i));
                unit = encoding.start(i);
                json.writeStringProperty("text", text.substring(unit, encoding.end(i)));
                json.writeBooleanProperty("special", false);
                json.writeNumberProperty("start", character);
                json.writeNumberProperty("stop", character + text.codePointCount(unit, encoding.end(i)));
            }
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private void decode(Exchange exchange) {
        Decode request = Decode.read(exchange.body());
        countWithin.accept("ids", request.ids().size());
        exchange.room(request.ids().stream().mapToLong(TextInput.Tokens::tokenCount).sum() * PIECE_BYTES);
        List<String> texts = new ArrayList<>(request.ids().size());
        for (TextInput.Tokens tokens : request.ids()) {
            int[] ids = tokens.tokenIds();
            requireKnown(tokens.place().orElseThrow() + ": ", ids, tokenizer);
            texts.add(tokenizer.decode(request.skipSpecialTokens() ? withoutSpecial(ids) : ids));
        }
        exchange.json(json -> {
            json.writeStartArray();
            texts.forEach(json::writeString);
            json.writeEndArray();
        });
    }

    /**
     * Rejects ids that a tokenizer does not have, as an error of the tokenizer, like
     * text-embeddings-inference.
     *
     * @param before
     *            the beginning of the message, before the id
     */
    static void requireKnown(String before, int[] ids, Tokenizer tokenizer) {
        for (int id : ids) {
            if (id >= tokenizer.vocabSize()) {
                throw new InvalidRequestException(Fault.TOKENIZER,
                        before + id + " (expected: 0.." + (tokenizer.vocabSize() - 1) + ")");
            }
        }
    }

    private int[] withoutSpecial(int[] ids) {
        return Arrays.stream(ids).filter(id -> !special.contains(id)).toArray();
    }
}
