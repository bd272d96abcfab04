package dev.bgem3.app.handler;

import dev.bgem3.TextInput;
import dev.bgem3.app.stream.Streams;

/** Counts the texts with halves of surrogate pairs, to warn of them at the end of a command. */
final class SurrogateCount {
    private long texts;
    private long replaced;

    void add(String text) {
        texts++;
        replaced += TextInput.countLoneSurrogates(text) > 0 ? 1 : 0;
    }

    void warn(Streams streams) {
        if (replaced > 0) {
            streams.say("warning: " + replaced + " of " + texts
                    + " texts have half of a surrogate pair, which was read as U+FFFD");
        }
    }
}
