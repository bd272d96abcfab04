package dev.bgem3.sample;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.Fixtures;
import dev.bgem3.PackedWeights;
import dev.bgem3.Precision;
import dev.bgem3.convert.ModelConverter;
import dev.bgem3.convert.SyntheticModel;
import dev.bgem3.convert.WeightType;
import dev.bgem3.convert.WriteListener;
import dev.bgem3.testsupport.DefaultKernels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the documentation's samples that write models. */
class ConvertSamplesTest {
    @TempDir
    private Path temporary;

    @DefaultKernels
    @Test
    void convertsAndPacks() {
        Path downloaded = Fixtures.TINY;
        Path smaller = temporary.resolve("bge-m3-fp16");
        // @start region="convert"
        ModelConverter.convert(downloaded, smaller, WeightType.FP16);
        // @end
        assertThat(smaller.resolve("model.safetensors")).isRegularFile();
        // @start region="pack"
        PackedWeights.checkKernels(Precision.FP32);
        Path packed = PackedWeights.write(smaller, Precision.FP32, WriteListener.NONE);
        // @end
        assertThat(packed).hasParent(smaller).matches(Files::isRegularFile);
    }

    @Test
    void writesASyntheticModel() {
        Path folder = temporary.resolve("random");
        // @start region="synthesise"
        SyntheticModel.Sizes small = new SyntheticModel.Sizes(2, 64, 4, 128, 1000, 130);
        SyntheticModel.write(folder, small, 42, Optional.empty());
        // @end
        assertThat(folder.resolve("config.json")).isRegularFile();
    }
}
