package dev.bgem3.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class LabelsTest {
    @Test
    void joinsLabelsInProse() {
        assertThat(Labels.inWords(List.of("a"))).isEqualTo("a");
        assertThat(Labels.inWords(List.of("a", "b", "c"))).isEqualTo("a, b or c");
    }
}
