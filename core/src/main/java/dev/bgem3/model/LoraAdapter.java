package dev.bgem3.model;

import dev.bgem3.error.ModelException;
import dev.bgem3.kernel.MatrixSource;
import dev.bgem3.safetensors.SafetensorsReader;
import dev.bgem3.text.Messages;
import dev.bgem3.torch.TorchReader;
import dev.bgem3.weights.StoredTensor;
import dev.bgem3.weights.TensorFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A LoRA adapter whose layers are merged with those of its base model as they are read: the weight of a
 * linear layer becomes {@code W + scale · B·A} (Hu et al. 2021, section 4.1).
 */
final class LoraAdapter {
    private static final String SAFETENSORS = "adapter_model.safetensors";
    /** The names of the file of the factors, in order of preference. */
    static final List<String> FILE_NAMES = List.of(SAFETENSORS, "adapter_model.bin");
    /** The module and the factor in a tensor's name. */
    private static final Pattern FACTOR = Pattern
            .compile("(?:base_model\\.model\\.)?(.+)\\.lora_([AB])(?:\\.default)?\\.weight");
    /** A layer of the base model that nothing here computes. */
    private static final String POOLER = "pooler.dense";

    /**
     * The product that is added to a weight.
     *
     * @param a
     *            [rank, K]
     * @param b
     *            [N, rank]
     */
    record Product(StoredTensor a, StoredTensor b, float scale) {}

    private final Path folder;
    private final SequencedMap<String, Product> products = new LinkedHashMap<>();
    private int maxRank;

    private LoraAdapter(Path folder) {
        this.folder = folder;
    }

    /** Opens the factors of a folder's adapter. */
    static TensorFile open(Path folder) {
        Path file = FILE_NAMES.stream().map(folder::resolve).filter(one -> !Files.notExists(one)).findFirst()
                .orElseThrow(() -> new ModelException(folder.resolve(LoraConfig.FILE_NAME)
                        + ": an adapter without weights (expected: " + String.join(" or ", FILE_NAMES)
                        + " beside it)"));
        return file.endsWith(SAFETENSORS) ? SafetensorsReader.open(file) : TorchReader.open(file);
    }

    /**
     * Reads an adapter.
     *
     * @param factors
     *            its open file
     * @param tables
     *            the tensors of the base model
     * @throws ModelException
     *             if it is not one of linear layers of the base model alone, with factors of the right shape
     */
    static LoraAdapter read(Path folder, TensorFile factors, List<TensorTable> tables) {
        LoraConfig config = LoraConfig.read(folder);
        LoraAdapter adapter = new LoraAdapter(folder);
        Map<String, TensorTable.TensorSpec> weights = new LinkedHashMap<>();
        tables.forEach(table -> table.linearWeights().forEach(weight -> weights.put(weight.name(), weight)));
        for (StoredTensor tensor : factors.tensors().values()) {
            Matcher name = FACTOR.matcher(tensor.name());
            if (!name.matches()) {
                throw new ModelException(tensor.describe() + " (expected: lora_A and lora_B of linear layers "
                        + "alone)");
            }
            String module = name.group(1);
            if (!config.isTarget(module)) {
                throw new ModelException(tensor.describe() + " (expected: factors of target_modules in "
                        + LoraConfig.FILE_NAME + " alone)");
            }
            if (name.group(2).equals("B") || isLayer(module, POOLER)) {
                continue;
            }
            TensorTable.TensorSpec weight = weightOf(module, weights.values()).orElseThrow(
                    () -> new ModelException(tensor.describe() + " (expected: the factors of a linear layer "
                            + "of the base model)"));
            adapter.add(config, module, weight, tensor, factors);
        }
        if (adapter.products.isEmpty()) {
            throw new ModelException(
                    factors.path() + ": no factors of the encoder's layers (expected: some)");
        }
        checkPairs(factors);
        return adapter;
    }

    private static boolean isLayer(String module, String name) {
        return module.equals(name) || module.endsWith("." + name);
    }

    private static Optional<TensorTable.TensorSpec> weightOf(String module,
            Collection<TensorTable.TensorSpec> weights) {
        String suffix = ".weight";
        return weights.stream().filter(weight -> isLayer(module,
                weight.name().substring(0, weight.name().length() - suffix.length()))).findFirst();
    }

    private void add(LoraConfig config, String module, TensorTable.TensorSpec weight, StoredTensor a,
            TensorFile factors) {
        int rank = config.rank(module);
        maxRank = Math.max(maxRank, rank);
        String nameOfB = a.name().replace(".lora_A", ".lora_B");
        StoredTensor b = Optional.ofNullable(factors.tensors().get(nameOfB)).orElseThrow(
                () -> new ModelException(factors.path() + ": tensor \"" + Messages.printable(nameOfB)
                        + "\": missing (expected: it, beside lora_A)"));
        requireShape(a, rank, weight.shape()[1]);
        requireShape(b, weight.shape()[0], rank);
        if (products.put(weight.name(), new Product(a, b, config.scale(module))) != null) {
            throw new ModelException(a.describe() + " (expected: one adapter of " + weight.name() + ")");
        }
    }

    private static void requireShape(StoredTensor tensor, long... shape) {
        if (!Arrays.equals(tensor.shape(), shape) || !tensor.dtype().readableAsFloat()) {
            throw new ModelException(tensor.describe() + " (expected: " + Arrays.toString(shape)
                    + " of F32, F16, BF16 or F64)");
        }
    }

    private static void checkPairs(TensorFile factors) {
        for (StoredTensor tensor : factors.tensors().values()) {
            if (!factors.tensors().containsKey(tensor.name().replace(".lora_B", ".lora_A"))) {
                throw new ModelException(tensor.describe() + " (expected: lora_A beside it)");
            }
        }
    }

    /** Returns a weight with its product added, or the weight itself if it has none. */
    MatrixSource merged(String name, StoredMatrix weight) {
        Product product = products.get(name);
        return product == null ? weight : new MergedMatrix(weight, product);
    }

    /** Adds the factors by names that also tell their scales, for a digest. */
    void addTo(Map<String, StoredTensor> all) {
        products.forEach((name, product) -> {
            all.put(name + " lora_A", product.a);
            all.put(name + " lora_B * " + product.scale, product.b);
        });
    }

    /** Describes the adapter: {@code LoRA of rank 8 on 24 weights, from DIR}. */
    String describe() {
        return "LoRA of rank " + maxRank + " on " + products.size() + " weights, from " + folder;
    }
}
