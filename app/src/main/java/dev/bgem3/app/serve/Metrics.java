package dev.bgem3.app.serve;

import dev.bgem3.QueueListener;
import dev.bgem3.QueueState;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * Metrics for Prometheus, with text-embeddings-inference's names, so that its dashboards work. Durations are
 * in seconds.
 *
 * <p>
 * Its counters lack the suffix {@code _total}, without which Prometheus's library exports no counters. So
 * they are exported as gauges, which makes no difference to queries.
 */
final class Metrics implements QueueListener {
    /** The content type of {@link #scrape()}. */
    static final String CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";
    private static final double[] SECONDS = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
            5, 10,
            30, 60};
    private static final double[] COUNTS = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192,
            16_384};

    /** The name and tags of a counter. */
    private record Key(String name, Tags tags) {}

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final Map<Key, LongAdder> counters = new ConcurrentHashMap<>();
    private final DistributionSummary requestDuration = seconds("te_request_duration",
            "From a request's first byte to its response");
    private final DistributionSummary requestTokenization = seconds("te_request_tokenization_duration",
            "Tokenizing a request's texts");
    private final DistributionSummary requestQueue = seconds("te_request_queue_duration",
            "Waiting for the first batch");
    private final DistributionSummary requestInference = seconds("te_request_inference_duration",
            "From a request's first batch to the end of its last");
    private final DistributionSummary embedDuration = seconds("te_embed_duration",
            "A call of the model: tokenizing, waiting and computing");
    private final DistributionSummary embedTokenization = seconds("te_embed_tokenization_duration",
            "A call of the model: tokenizing");
    private final DistributionSummary embedQueue = seconds("te_embed_queue_duration",
            "A call of the model: waiting");
    private final DistributionSummary embedInference = seconds("te_embed_inference_duration",
            "A call of the model: computing");
    private final DistributionSummary batchSize = counts("te_batch_next_size", "Texts in a batch");
    private final DistributionSummary batchTokens = counts("te_batch_next_tokens", "Tokens in a batch");
    private final DistributionSummary inputLength = counts("te_request_input_length", "Tokens in a text");

    Metrics() {
        new JvmMemoryMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
    }

    /** Adds the state of a queue. */
    void watch(Supplier<QueueState> state) {
        Gauge.builder("te_queue_size", () -> state.get().waiting()).description("Texts waiting")
                .register(registry);
        Gauge.builder("bgem3_permits_free", () -> state.get().freePermits())
                .description("Requests that would be accepted now").register(registry);
    }

    /** Counts a request to a route. */
    void requested(String route) {
        counter("te_request_count", Tags.of("method", route)).increment();
    }

    /** Counts a request that was answered. */
    void succeeded(String route, Duration took, Work work) {
        counter("te_request_success", Tags.of("method", route)).increment();
        record(requestDuration, took);
        if (work.texts() > 0) {
            record(requestTokenization, work.tokenizing());
            record(requestQueue, work.waiting());
            record(requestInference, work.computing());
        }
    }

    /** Counts a request that failed or was refused. */
    void failed(String kind) {
        counter("te_request_failure", Tags.of("err", kind)).increment();
    }

    /** Counts halves of surrogate pairs that were replaced. */
    void loneSurrogates(int count) {
        counter("bgem3_lone_surrogates", Tags.empty()).add(count);
    }

    /** Counts texts before the model computes them. */
    void begun(int texts) {
        counter("te_embed_count", Tags.empty()).add(texts);
    }

    /** Counts texts after the model has computed them. */
    void computed(Work work, IntStream lengths) {
        counter("te_embed_success", Tags.empty()).add(work.texts());
        record(embedDuration, work.tokenizing().plus(work.waiting()).plus(work.computing()));
        record(embedTokenization, work.tokenizing());
        record(embedQueue, work.waiting());
        record(embedInference, work.computing());
        lengths.forEach(inputLength::record);
    }

    @Override
    public void onBatch(int texts, int tokens, Duration waiting, Duration computing) {
        batchSize.record(texts);
        batchTokens.record(tokens);
    }

    /** Returns all metrics in Prometheus's text format. */
    String scrape() {
        return registry.scrape();
    }

    private LongAdder counter(String name, Tags tags) {
        return counters.computeIfAbsent(new Key(name, tags), key -> {
            LongAdder counter = new LongAdder();
            Gauge.builder(name, counter, LongAdder::doubleValue).tags(tags).register(registry);
            return counter;
        });
    }

    private DistributionSummary seconds(String name, String description) {
        return DistributionSummary.builder(name).description(description).serviceLevelObjectives(SECONDS)
                .register(registry);
    }

    private DistributionSummary counts(String name, String description) {
        return DistributionSummary.builder(name).description(description).serviceLevelObjectives(COUNTS)
                .register(registry);
    }

    private static void record(DistributionSummary summary, Duration duration) {
        summary.record(duration.toNanos() / 1e9);
    }
}
