package dev.bgem3.testsupport;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Marks tests of the choice of kernels. They run without {@code -Dbgem3.kernels}, which makes other tests use
 * the kernels with that name unless they choose some.
 */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(DefaultKernels.Cleared.class)
public @interface DefaultKernels {
    /** Clears the property during a test. */
    final class Cleared implements BeforeEachCallback, AfterEachCallback {
        private static final String PROPERTY = "bgem3.kernels";
        private String forced;

        @Override
        public void beforeEach(ExtensionContext context) {
            forced = System.clearProperty(PROPERTY);
        }

        @Override
        public void afterEach(ExtensionContext context) {
            if (forced != null) {
                System.setProperty(PROPERTY, forced);
            }
        }
    }
}
