package dev.bgem3;

import java.util.Objects;
import java.util.Optional;

/**
 * A query and a passage to be scored against each other. Neither text may be null, which is checked when the
 * pair is scored.
 *
 * @param query
 *            the query's text
 * @param passage
 *            the passage's text
 * @param place
 *            the name of the pair in error messages, such as {@code passages[0]}; empty for its number among
 *            the pairs of its call, as in {@code pair 0}
 */
public record TextPair(String query, String passage, Optional<String> place) {
    /** Checks that the place is not null. */
    public TextPair {
        Objects.requireNonNull(place, "place");
    }

    /** Creates a pair that error messages name by its number. */
    public TextPair(String query, String passage) {
        this(query, passage, Optional.empty());
    }

    /** Returns a copy of this pair with a place. */
    public TextPair withPlace(String newPlace) {
        return new TextPair(query, passage, Optional.of(newPlace));
    }

    /** Returns the name of a pair, which may be null, in error messages. */
    static String place(TextPair pair, int number) {
        return pair != null && pair.place.isPresent() ? pair.place.get() : "pair " + number;
    }
}
