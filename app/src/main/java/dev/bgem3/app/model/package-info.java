/**
 * Where a model folder is looked for: {@link dev.bgem3.app.model.ModelFinder} is all there is, and {@code
 * models/README.md} tells users the same.
 */
package dev.bgem3.app.model;
