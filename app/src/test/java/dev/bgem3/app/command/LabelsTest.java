package dev.bgem3.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.PackedWeights;
import dev.bgem3.Precision;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class LabelsTest {
    @Test
    void usageShowsEveryPrecision() {
        assertThat(Labels.PRECISIONS).isEqualTo(joined(List.of(Precision.values())));
        assertThat(Labels.CPU_PRECISIONS).isEqualTo(joined(PackedWeights.PRECISIONS));
        assertThat(Labels.inWords(Labels.CPU_PRECISIONS)).isEqualTo("fp32, bf16 or int8");
    }

    private static String joined(List<Precision> precisions) {
        return precisions.stream().map(Precision::label).collect(Collectors.joining("|"));
    }
}
