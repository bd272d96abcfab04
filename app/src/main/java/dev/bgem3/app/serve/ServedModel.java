package dev.bgem3.app.serve;

import dev.bgem3.BgeM3;
import dev.bgem3.ModelInfo;
import dev.bgem3.Reranker;

/** The model that a server answers from. */
public sealed interface ServedModel {
    /** What it is. */
    ModelInfo info();

    /** One that encodes texts. */
    record Encoder(BgeM3 model) implements ServedModel {
        @Override
        public ModelInfo info() {
            return model.info();
        }
    }

    /** One that scores pairs. */
    record CrossEncoder(Reranker model) implements ServedModel {
        @Override
        public ModelInfo info() {
            return model.info();
        }
    }
}
