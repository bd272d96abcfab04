package dev.bgem3.sample;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.BgeM3;
import dev.bgem3.Device;
import dev.bgem3.Fixtures;
import dev.bgem3.HuggingFaceCache;
import dev.bgem3.KernelKind;
import dev.bgem3.KernelStatus;
import dev.bgem3.LoadOptions;
import dev.bgem3.ModelFiles;
import dev.bgem3.ModelInfo;
import dev.bgem3.Precision;
import dev.bgem3.tokenizer.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Runs the documentation's samples that load a model. */
class LoadSamplesTest {
    private static final String NAME = Fixtures.TINY.toString();
    private static final Path FOLDER = Fixtures.TINY;

    @Test
    void loadsByName() {
        int dimension;
        // @start region="name"
        // @replace region regex="NAME" replacement='"BAAI/bge-m3"'
        try (BgeM3 model = BgeM3.load(NAME)) {
            dimension = model.encode("What is BGE M3?").dense().dimension();
        }
        // @end
        // @end
        assertThat(dimension).isEqualTo(128);
    }

    @Test
    void loadsAFolder() {
        // @start region="folder"
        // @replace region regex="FOLDER" replacement='Path.of("models/bge-m3")'
        LoadOptions options = LoadOptions.builder().precision(Precision.FP32).threads(2).build();
        try (BgeM3 model = BgeM3.load(FOLDER, options)) {
            ModelInfo info = model.info();
            System.out.println(
                    info.outputs() + " of up to " + info.maxLength() + " tokens, by " + info.kernels());
        }
        // @end
        // @end
        assertThat(options.toBuilder().threads(0).build().precision()).isEqualTo(Precision.FP32);
    }

    @Test
    void choosesTheBackend() {
        // @start region="backend"
        LoadOptions reference = LoadOptions.builder().kernels(KernelKind.SCALAR).build();
        LoadOptions twoCards = LoadOptions.builder().device(Device.cuda(0, 1)).precision(Precision.FP16)
                .build();
        LoadOptions fromText = LoadOptions.builder().device(Device.parse("cuda:all")).build();
        // @end
        assertThat(reference.device()).isEqualTo(Device.AUTO);
        assertThat(twoCards.device()).hasToString("cuda:0,1");
        assertThat(fromText.device()).isEqualTo(Device.ALL_CUDA);
    }

    @Test
    void putsInstructionsBeforeTexts() {
        // @start region="instructions"
        LoadOptions options = LoadOptions.builder()
                .queryInstruction("Represent this sentence for searching relevant passages:")
                .queryInstructionFormat("{} {}")
                .build();
        // @end
        try (BgeM3 model = BgeM3.load(FOLDER, options)) {
            assertThat(model.encodeQuery("BM25").dense()).isEqualTo(
                    model.encode("Represent this sentence for searching relevant passages: BM25").dense());
        }
    }

    @Test
    void listsKernels() {
        // @start region="kernels"
        for (KernelStatus status : BgeM3.kernels()) {
            System.out.println(status.kernels() + ": " + status.unavailable().orElse("can be used"));
        }
        // @end
        assertThat(BgeM3.kernels()).extracting(KernelStatus::kernels).contains(KernelKind.SCALAR,
                KernelKind.JIT);
    }

    @Test
    void findsModelsInTheCache() {
        // @start region="cache"
        HuggingFaceCache cache = HuggingFaceCache.ofProcess();
        Optional<Path> downloaded = cache.find("BAAI/bge-m3");
        // @end
        assertThat(cache.folder("BAAI/bge-m3")).hasFileName("models--BAAI--bge-m3");
        assertThat(downloaded.stream().toList()).allMatch(Files::isDirectory);
    }

    @Test
    void loadsATokenizer() {
        // @start region="tokenizer"
        // @replace region regex="FOLDER" replacement='Path.of("models/bge-m3")'
        Tokenizer tokenizer = ModelFiles.loadTokenizer(FOLDER);
        int[] ids = tokenizer.encode("What is BGE M3?").ids();
        // @end
        // @end
        assertThat(ids).startsWith(0).endsWith(2);
    }

    @Test
    void listsTheFilesOfAModel() {
        Set<String> inBucket = Set.of("README.md", "config.json", "model.safetensors", "onnx/model.onnx",
                "pytorch_model.bin", "tokenizer.json");
        // @start region="files"
        // @replace region regex="FOLDER" replacement='Path.of("models/bge-m3")'
        List<String> toCopy = ModelFiles.choose(inBucket);
        List<String> missing = ModelFiles.missing(FOLDER);
        // @end
        // @end
        assertThat(toCopy).containsExactlyInAnyOrder("config.json", "model.safetensors", "tokenizer.json");
        assertThat(missing).isEmpty();
    }
}
