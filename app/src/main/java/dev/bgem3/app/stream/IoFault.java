package dev.bgem3.app.stream;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Objects;

/** Describes the reason for an {@link IOException}, without the path, which the message already has. */
final class IoFault {
    private IoFault() {}

    static String reason(IOException failure) {
        return switch (failure) {
            case NoSuchFileException _ -> "no such file or folder";
            case AccessDeniedException _ -> "permission denied";
            case FileSystemException e when e.getReason() != null -> e.getReason();
            default -> Objects.requireNonNullElse(failure.getMessage(), failure.getClass().getSimpleName());
        };
    }
}
