package dev.bgem3;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.kernel.KernelProvider;
import dev.bgem3.kernel.KernelProviders;
import dev.bgem3.kernel.ProvenArithmetics;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.management.JMException;
import javax.management.ObjectName;
import org.junit.jupiter.api.Test;

/**
 * Runs mixed work from many threads for a long time; the Maven profile {@code soak} runs it for two minutes
 * or {@code -Dbgem3.soak.seconds}.
 *
 * <p>
 * The heap has a fixed size and all its pages are touched at the start, so that only memory outside the heap
 * can make resident memory grow.
 */
class ModelSoak {
    private static final int THREADS = 8;
    private static final long TURN_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final int INPUTS = 96;
    /** Some texts have more than the model's 1,024 tokens and are cut. */
    private static final int MAX_WORDS = 2_000;
    private static final int MAX_TOKENS = 1_024;
    private static final int[] BUDGETS = {1, 100, 1_000, 4_096};
    /** The fraction of the run that is warm-up, while code is compiled and the allocator's pools grow. */
    private static final double WARM_UP = 0.4;
    /**
     * The maximum growth of resident memory over the rest of the run, measured on the line fitted to its
     * samples. It includes memory that the JVM's compiler keeps, which grows in steps of up to 20 MiB.
     */
    private static final double MAX_GROWTH_MIB = 48;
    /** The same for the model's own memory outside the heap, and for the live heap. */
    private static final double MAX_OWN_GROWTH_MIB = 1;

    /** A model's kernels and precision. */
    private record Tier(String kernels, Precision precision) {}

    /** Identifies an input's output in a tier, which must have the same bits each time. */
    private record Key(Tier tier, int input, Output output) {}

    /** Measurements after a round through all tiers. */
    private record Sample(double seconds, double residentMib, double ownMib, double heapMib) {}

    private final RandomTexts source = RandomTexts.seeded("soak");
    private final Map<Key, Integer> digests = new ConcurrentHashMap<>();
    private final List<Sample> samples = new ArrayList<>();
    private final long start = System.nanoTime();
    private long checked;

    @Test
    void longMixedWorkKeepsResultsAndLeaksNoMemoryOrThreads()
            throws IOException, InterruptedException, ExecutionException {
        double seconds = Double.parseDouble(System.getProperty("bgem3.soak.seconds"));
        List<Tier> tiers = KernelProviders.all().stream()
                .filter(provider -> provider.device().equals("cpu") && !provider.name().equals("scalar")
                        && provider.unavailable().isEmpty())
                .flatMap(ModelSoak::tiers).toList();
        assertThat(tiers).isNotEmpty();
        List<int[]> inputs = inputs();
        Map<Tier, BgeM3> models = new LinkedHashMap<>();
        try (ExecutorService pool = Executors.newFixedThreadPool(THREADS)) {
            for (Tier tier : tiers) {
                BgeM3 model = BgeM3.load(Fixtures.MINI,
                        LoadOptions.builder().kernels(KernelKind.of(tier.kernels)).precision(tier.precision)
                                .build());
                models.put(tier, model);
                model.encodeTokenIds(largestBatch(), Embeddings.ALL);
            }
            while (elapsedSeconds() < seconds) {
                for (Tier tier : tiers) {
                    turn(tier, models.get(tier), inputs, pool);
                }
                samples.add(sample());
            }
        } finally {
            models.values().forEach(BgeM3::close);
        }
        System.out.printf(Locale.ROOT, "soak: %s, %,d outputs of %d inputs the same; %s%n", tiers, checked,
                INPUTS, samples);
        assertThat(liveKernelThreads()).as("threads left").isEmpty();
        List<Sample> steady = samples.stream().filter(sample -> sample.seconds >= WARM_UP * seconds).toList();
        assertThat(steady).as("rounds after the warm-up; give it more time").hasSizeGreaterThan(2);
        assertThat(growth(steady, steady.stream().mapToDouble(Sample::residentMib).toArray()))
                .as("MiB of resident memory gained, of %s", steady).isLessThan(MAX_GROWTH_MIB);
        assertThat(growth(steady, steady.stream().mapToDouble(Sample::ownMib).toArray()))
                .as("MiB of the model's own memory gained, of %s", steady).isLessThan(MAX_OWN_GROWTH_MIB);
        assertThat(growth(steady, steady.stream().mapToDouble(Sample::heapMib).toArray()))
                .as("MiB of live heap gained, of %s", steady).isLessThan(MAX_OWN_GROWTH_MIB);
    }

    private static Stream<Tier> tiers(KernelProvider provider) {
        return ProvenArithmetics.of(provider)
                .map(how -> new Tier(provider.name(), Precision.valueOf(how.name())));
    }

    private double elapsedSeconds() {
        return (System.nanoTime() - start) / 1e9;
    }

    /** Returns ids of random texts of up to {@link #MAX_WORDS} words, and random ids of lengths from 1. */
    private List<int[]> inputs() {
        Random random = source.random();
        List<int[]> inputs = new ArrayList<>();
        try (BgeM3 model = BgeM3.load(Fixtures.MINI)) {
            while (inputs.size() < INPUTS) {
                double spread = random.nextDouble();
                if (inputs.size() % 2 == 0) {
                    String text = source.text((int) Math.pow(MAX_WORDS, spread));
                    inputs.add(model.tokenizer().encode(text, MAX_TOKENS).ids());
                } else {
                    inputs.add(random.ints((int) Math.pow(MAX_TOKENS, spread), 0, model.info().vocabSize())
                            .toArray());
                }
            }
        }
        return inputs;
    }

    /**
     * Returns the batch that needs the most memory: if only chance found it late, it would look like growth.
     */
    private static List<int[]> largestBatch() {
        return Collections.nCopies(BUDGETS[BUDGETS.length - 1] / MAX_TOKENS, new int[MAX_TOKENS]);
    }

    /** Lets all threads use a model for a while. */
    private void turn(Tier tier, BgeM3 model, List<int[]> inputs, ExecutorService pool)
            throws InterruptedException, ExecutionException {
        long end = System.nanoTime() + TURN_NANOS;
        List<Future<Long>> work = new ArrayList<>();
        for (int thread = 0; thread < THREADS; thread++) {
            Random random = new Random(source.random().nextLong());
            work.add(pool.submit(() -> {
                long done = 0;
                while (System.nanoTime() < end) {
                    done += call(tier, model, inputs, random);
                }
                return done;
            }));
        }
        for (Future<Long> one : work) {
            checked += one.get();
        }
    }

    /** Makes one call for some inputs and outputs, and returns the number of outputs compared. */
    private int call(Tier tier, BgeM3 model, List<int[]> inputs, Random random) {
        List<Integer> chosen = random.ints(1 + random.nextInt(6), 0, INPUTS).boxed().toList();
        Set<Output> outputs = EnumSet.of(Output.values()[random.nextInt(3)],
                Output.values()[random.nextInt(3)]);
        EncodeOptions options = EncodeOptions.builder().outputs(outputs).build();
        RunOptions run = RunOptions.builder().tokenBudget(BUDGETS[random.nextInt(BUDGETS.length)]).build();
        List<Embedding> embeddings = model.encodeTokenIds(chosen.stream().map(inputs::get).toList(), options,
                run);
        for (int i = 0; i < chosen.size(); i++) {
            for (Output output : outputs) {
                int digest = digest(embeddings.get(i), output);
                Integer first = digests.putIfAbsent(new Key(tier, chosen.get(i), output), digest);
                assertThat(digest)
                        .as("%s, %s of %s", tier, output, Arrays.toString(inputs.get(chosen.get(i))))
                        .isEqualTo(first == null ? digest : first);
            }
        }
        return chosen.size() * outputs.size();
    }

    private static int digest(Embedding embedding, Output output) {
        return switch (output) {
            case DENSE -> Arrays.hashCode(embedding.dense().values());
            case SPARSE -> embedding.lexicalWeights().hashCode();
            case COLBERT -> Arrays.hashCode(embedding.colbert().values());
        };
    }

    private Sample sample() throws IOException {
        System.gc(); // Also frees the native memory of unreachable objects.
        return new Sample(elapsedSeconds(), residentMib(), ownMib(),
                ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() / 0x1p20);
    }

    private static double residentMib() throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
            return lines.filter(line -> line.startsWith("VmRSS:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", ""))).findFirst().orElseThrow()
                    / 1024.0;
        }
    }

    /**
     * Returns the memory that arenas have allocated, which the JVM tracks as "Other", and that they have
     * mapped for large pages.
     */
    private static double ownMib() throws IOException {
        return allocatedMib() + largePagesMib();
    }

    /**
     * Returns the total size of mappings with the flag hg, which are advised to use large pages; see proc(5).
     */
    private static double largePagesMib() throws IOException {
        double kib = 0;
        double mapped = 0;
        for (String line : Files.readAllLines(Path.of("/proc/self/smaps"))) {
            if (line.startsWith("Size:")) {
                mapped = Long.parseLong(line.replaceAll("\\D", ""));
            } else if (line.startsWith("VmFlags:") && line.contains(" hg")) {
                kib += mapped;
            }
        }
        return kib / 1024;
    }

    private static double allocatedMib() {
        try {
            String report = (String) ManagementFactory.getPlatformMBeanServer().invoke(
                    new ObjectName("com.sun.management:type=DiagnosticCommand"), "vmNativeMemory",
                    new Object[]{new String[]{"summary"}}, new String[]{String[].class.getName()});
            Matcher other = Pattern.compile("Other \\(reserved=(\\d+)KB").matcher(report);
            assertThat(other.find()).as(report).isTrue();
            return Long.parseLong(other.group(1)) / 1024.0;
        } catch (JMException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Returns how much the least-squares line through the samples rises from the first to the last. */
    private static double growth(List<Sample> samples, double[] values) {
        double meanTime = samples.stream().mapToDouble(Sample::seconds).average().orElseThrow();
        double mean = Arrays.stream(values).average().orElseThrow();
        double product = 0;
        double squares = 0;
        for (int i = 0; i < values.length; i++) {
            double time = samples.get(i).seconds - meanTime;
            product += time * (values[i] - mean);
            squares += time * time;
        }
        return product / squares * (samples.getLast().seconds - samples.getFirst().seconds);
    }

    private static List<String> liveKernelThreads() throws InterruptedException {
        List<String> names = List.of();
        for (int wait = 0; wait < 100; wait++) { // The threads of a closed model end soon after.
            names = Thread.getAllStackTraces().keySet().stream().map(Thread::getName)
                    .filter(name -> name.startsWith("bgem3-")).toList();
            if (names.isEmpty()) {
                break;
            }
            Thread.sleep(20);
        }
        return names;
    }
}
