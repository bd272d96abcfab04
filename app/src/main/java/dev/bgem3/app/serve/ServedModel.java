package dev.bgem3.app.serve;

import dev.bgem3.BgeM3;
import dev.bgem3.ModelInfo;
import dev.bgem3.Reranker;

/** The model that a server serves. */
public sealed interface ServedModel {
    /** Returns the model's properties. */
    ModelInfo info();

    /** A model that encodes texts. */
    record Encoder(BgeM3 model) implements ServedModel {
        @Override
        public ModelInfo info() {
            return model.info();
        }
    }

    /** A model that scores pairs. */
    record CrossEncoder(Reranker model) implements ServedModel {
        @Override
        public ModelInfo info() {
            return model.info();
        }
    }
}
