package dev.bgem3;

import java.util.Objects;
import java.util.Optional;

/**
 * A query and a passage to be scored against each other. Neither text may be null, which is checked where the
 * pair is scored.
 *
 * @param query
 *            the query's text
 * @param passage
 *            the passage's text
 * @param place
 *            what failures call the pair, such as {@code passages[0]}; empty for its number among the pairs
 *            of its call, {@code pair 0}
 */
public record TextPair(String query, String passage, Optional<String> place) {
    /** A pair of any place. */
    public TextPair {
        Objects.requireNonNull(place, "place");
    }

    /** A pair that failures name by its number. */
    public TextPair(String query, String passage) {
        this(query, passage, Optional.empty());
    }

    /** This pair at a place. */
    public TextPair withPlace(String newPlace) {
        return new TextPair(query, passage, Optional.of(newPlace));
    }

    /** What failures call a pair, which may be null, of a call. */
    static String place(TextPair pair, int number) {
        return pair != null && pair.place.isPresent() ? pair.place.get() : "pair " + number;
    }
}
