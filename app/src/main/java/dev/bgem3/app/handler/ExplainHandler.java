package dev.bgem3.app.handler;

import dev.bgem3.BgeM3;
import dev.bgem3.Embedding;
import dev.bgem3.EncodeOptions;
import dev.bgem3.ModelInfo;
import dev.bgem3.Output;
import dev.bgem3.PairScores;
import dev.bgem3.RunOptions;
import dev.bgem3.ScoreWeights;
import dev.bgem3.TextInput;
import dev.bgem3.app.page.Alignment;
import dev.bgem3.app.page.Page;
import dev.bgem3.app.page.Picture;
import dev.bgem3.app.stream.ResultFile;
import dev.bgem3.app.stream.Streams;
import dev.bgem3.tokenizer.Encoding;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.Set;

/**
 * Writes an HTML page that shows how a model compares a query with passages, with the same prompts as {@code
 * score}.
 */
public final class ExplainHandler {
    private final BgeM3 model;
    private final ScoreWeights weights;
    private final Set<Output> outputs;
    private final EncodeOptions.Builder options;
    private final int maxLength;

    /**
     * Creates a handler.
     *
     * @param weights
     *            the weights of the weighted scores
     * @param options
     *            the options, of which the outputs are replaced by all that the model has
     * @throws UsageException
     *             if the options exceed the model's limits
     */
    public ExplainHandler(BgeM3 model, ScoreWeights weights, EncodeOptions.Builder options) {
        this.model = model;
        this.weights = weights;
        outputs = EnumSet.copyOf(model.info().outputs());
        this.options = options.outputs(outputs);
        ModelLimits.check(model, options.build());
        maxLength = options.build().maxLength().orElse(model.info().defaultMaxLength());
    }

    /** Writes the page. */
    public void run(String query, List<String> passages, Streams streams, ResultFile result) {
        Picture picture = picture(unicode(query), passages.stream().map(ExplainHandler::unicode).toList(),
                streams);
        SurrogateCount surrogates = new SurrogateCount();
        surrogates.add(query);
        passages.forEach(surrogates::add);
        surrogates.warn(streams);
        try {
            result.stream().write(Page.of(picture).html().getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List<Picture.Text> texts = new ArrayList<>(List.of(picture.query()));
        picture.passages().forEach(passage -> texts.add(passage.text()));
        long cut = texts.stream().filter(text -> text.tokenCount() < text.fullTokenCount()).count();
        if (cut > 0) {
            streams.say("warning: " + cut + " of " + texts.size() + " texts were longer than " + maxLength
                    + " tokens and were cut");
        }
    }

    /** Replaces lone surrogates, which UTF-8 cannot encode, as the tokenizer does. */
    private static String unicode(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_16BE), StandardCharsets.UTF_16BE);
    }

    private Picture picture(String query, List<String> passages, Streams streams) {
        ModelInfo info = model.info();
        List<TextInput.Text> texts = new ArrayList<>(
                List.of(TextInput.of(info.queryPrompt() + query).withPlace("query")));
        passages.forEach(passage -> texts.add(TextInput.of(info.passagePrompt() + passage)
                .withPlace("passage " + texts.size())));
        List<Embedding> embeddings;
        try (TextProgress progress = new TextProgress(streams, texts.size())) {
            // The texts already contain their prompts, so that the offsets of tokens are right.
            embeddings = model.encodeInputs(texts, options.instruction("").build(),
                    RunOptions.builder().progress(progress).build());
        }
        Embedding ofQuery = embeddings.getFirst();
        List<Picture.Passage> drawn = new ArrayList<>();
        for (int i = 1; i < texts.size(); i++) {
            Embedding passage = embeddings.get(i);
            drawn.add(new Picture.Passage(text(texts.get(i).text(), passage), scores(ofQuery, passage),
                    outputs.contains(Output.COLBERT)
                            ? Alignment.of(ofQuery.colbert(), passage.colbert())
                            : null));
        }
        return new Picture(ServeHandler.modelName(info.folder()),
                outputs.stream().map(Output::label).toList(), maxLength, weights,
                text(texts.getFirst().text(), ofQuery), drawn);
    }

    private Picture.Text text(String text, Embedding embedding) {
        Encoding encoding = model.tokenizer().encode(text, maxLength);
        List<Picture.Token> tokens = new ArrayList<>(encoding.length());
        for (int i = 1; i < encoding.length(); i++) {
            int id = encoding.id(i);
            tokens.add(new Picture.Token(id, encoding.start(i), encoding.end(i), model.tokenizer().piece(id),
                    outputs.contains(Output.SPARSE) ? embedding.lexicalWeights().weight(id) : 0));
        }
        return new Picture.Text(text, encoding.length(), encoding.fullLength(), tokens);
    }

    /** Returns all five scores, or only the dense one, like the server. */
    private SequencedMap<String, Float> scores(Embedding query, Embedding passage) {
        if (outputs.containsAll(EnumSet.allOf(Output.class))) {
            return PairScores.of(query, passage, weights).asMap();
        }
        SequencedMap<String, Float> scores = new LinkedHashMap<>();
        scores.put(Output.DENSE.label(), query.dense().dot(passage.dense()));
        return scores;
    }
}
