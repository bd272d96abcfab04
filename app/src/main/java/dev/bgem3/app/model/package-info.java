/**
 * Finds model folders: see {@link dev.bgem3.app.model.ModelFinder}; {@code models/README.md} describes the
 * search for users.
 */
package dev.bgem3.app.model;
