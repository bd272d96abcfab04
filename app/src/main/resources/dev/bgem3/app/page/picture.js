"use strict";

/* Draws a picture: the JSON that PictureJson writes, and that live.js makes of the server's answers. Whatever came from a text becomes a
   text node, never markup. */

const Bgem3Picture = (() => {
  const SVG = "http://www.w3.org/2000/svg";
  /* So much of a heat map is drawn; as Alignment has them. */
  const MAX_ROWS = 48;
  const MAX_COLUMNS = 160;
  const CELL = 22;
  const LETTER = 8.5;
  const MAX_LABEL_LETTERS = 12;
  const MAX_SNIPPET_LETTERS = 240;
  const SCORES = [["dense", "dense"], ["sparse", "sparse"], ["colbert", "ColBERT"], ["sparse+dense", "sparse + dense"],
    ["colbert+sparse+dense", "all three"]];
  /* The score that passages are ordered by, once one is chosen; the next picture is ordered by it, too. */
  let chosenKey = null;

  function element(tag, attributes, ...children) {
    return filled(document.createElement(tag), attributes, children);
  }

  function svg(tag, attributes, ...children) {
    return filled(document.createElementNS(SVG, tag), attributes, children);
  }

  function filled(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("--")) {
        node.style.setProperty(name, value);
      } else {
        node.setAttribute(name, value);
      }
    }
    node.append(...children);
    return node;
  }

  /** A number as people read it, with all of its digits for programs. */
  function number(value) {
    return element("data", {value: String(value)}, value.toFixed(4));
  }

  function shortened(text, most) {
    const letters = Array.from(text);
    return letters.length > most ? letters.slice(0, most - 1).join("") + "…" : text;
  }

  /** A token as it stands in the text, or by its own name where nothing stands there for it. */
  function tokenName(text, token) {
    const source = text.text.slice(token.start, token.stop);
    return source.trim() === "" ? token.name : source;
  }

  function tokenCell(name) {
    return element("bdi", {class: "token-name"}, name);
  }

  /** The beginning of a text. Style sheets cut it to a few lines. */
  function snippet(text) {
    return text.text.trim() === "" ? element("em", {class: "snippet"}, "no text")
      : element("bdi", {class: "snippet"}, shortened(text.text, MAX_SNIPPET_LETTERS));
  }

  /** A table after what it says, in a box of its own that scrolls where the screen is narrow. */
  function table(attributes, caption, heads, rows, foot) {
    return element("div", {}, element("p", {class: "caption", "aria-hidden": "true"}, caption),
      element("div", {class: "scroller", tabindex: "0", role: "region", "aria-label": caption},
        element("table", {...attributes, "aria-label": caption},
          element("thead", {}, element("tr", {}, ...heads.map(head =>
            element("th", {scope: "col", ...(head.number ? {class: "number"} : {})}, head.name)))),
          element("tbody", {}, ...rows),
          ...(foot ? [element("tfoot", {}, foot)] : []))));
  }

  function legend(...keys) {
    return element("p", {class: "legend"}, ...keys.map(each => element("span", {}, each)));
  }

  function key(sign, meaning) {
    return element("span", {class: "key"}, element("span", {class: sign}), meaning);
  }

  const words = name => ({name, number: false});
  const numbers = name => ({name, number: true});

  /* Scores. */

  function scoresIn(picture) {
    return SCORES.filter(([key]) => key in picture.passages[0].scores);
  }

  function nameOf(key) {
    return SCORES.find(([each]) => each === key)[1];
  }

  /** The table of scores, and a function that puts its rows into an order. */
  function scoreTable(picture, shown) {
    const tops = shown.map(([key]) => Math.max(...picture.passages.map(passage => passage.scores[key])));
    const several = picture.passages.length > 1;
    const rows = picture.passages.map((passage, i) => element("tr", {"data-passage": String(i + 1)},
      element("th", {scope: "row"}, `Passage ${i + 1}`, snippet(passage.text)),
      ...shown.map(([key], column) => {
        const top = several && passage.scores[key] === tops[column];
        return element("td", {class: top ? "number top" : "number", "data-score": key}, number(passage.scores[key]));
      })));
    const box = table({class: "scores", "--columns": String(shown.length)},
      several ? "The highest of each column is underlined." : "Of the query and the passage.",
      [words("Passage"), ...shown.map(([, name]) => numbers(name))], rows);
    // On a narrow screen the style sheet makes it a grid, and without roles some browsers no longer see a table.
    for (const [selector, role] of [["table", "table"], ["thead, tbody", "rowgroup"], ["tr", "row"], ["td", "cell"],
      ["thead th", "columnheader"], ["tbody th", "rowheader"]]) {
      box.querySelectorAll(selector).forEach(node => node.setAttribute("role", role));
    }
    const heads = [...box.querySelectorAll("thead th")].slice(1);
    const order = (places, chosen) => {
      rows[0].parentElement.append(...places.map(i => rows[i]));
      heads.forEach((head, column) => {
        if (several && shown[column][0] === chosen) {
          head.setAttribute("aria-sort", "descending");
        } else {
          head.removeAttribute("aria-sort");
        }
      });
    };
    return {box, order};
  }

  /** A chart of the scores, and a function that puts its bars into an order. */
  function chart(picture, shown) {
    const all = picture.passages.flatMap(passage => shown.map(([key]) => passage.scores[key]));
    const least = Math.min(0, ...all);
    const span = Math.max(...all, least + 1e-6) - least;
    const bars = shown.map(([key]) => picture.passages.map((passage, i) => {
      const score = passage.scores[key];
      return element("div", {class: "bar-row"},
        element("span", {}, `${i + 1}`),
        element("span", {class: "bar-track"}, element("span", {
          class: "bar",
          "--from": String((Math.min(score, 0) - least) / span),
          "--size": String(Math.abs(score) / span),
        })),
        element("span", {}, score.toFixed(4)));
    }));
    const columns = shown.map(([, name], column) =>
      element("div", {}, element("div", {class: "title"}, name), ...bars[column]));
    const box = element("div", {}, element("p", {class: "caption"}, "Each bar has its passage's number before it."),
      element("div", {class: "chart", role: "img", "aria-label": "Bar chart of the scores in the table"}, ...columns));
    const order = places => columns.forEach((column, c) => column.append(...places.map(i => bars[c][i])));
    return {box, order};
  }

  function scoresNote(picture, shown) {
    const [dense, sparse, colbert] = picture.weights;
    return element("p", {class: "note"}, shown.length === SCORES.length
      ? `The last two are means, weighted ${dense} dense, ${sparse} sparse, ${colbert} ColBERT.`
      : "The model lacks outputs, so there are no other scores.");
  }

  /* Lexical weights. */

  /** Stretches of a text that belong to a token; tokens of one stretch, such as a mark and its word, go together. */
  function stretches(text) {
    const found = [];
    for (const token of text.tokens.slice(0, -1)) {
      const last = found.at(-1);
      if (last && (token.start < last.stop || last.start === last.stop)) {
        last.stop = Math.max(last.stop, token.stop);
        last.tokens.push(token);
      } else {
        found.push({start: token.start, stop: token.stop, tokens: [token]});
      }
    }
    return found;
  }

  function shaded(text, largest, shared) {
    const box = element("p", {class: "shaded", dir: "auto"});
    let done = 0;
    for (const stretch of stretches(text)) {
      const weight = Math.max(...stretch.tokens.map(token => token.weight));
      const isShared = stretch.tokens.some(token => shared.has(token.id));
      box.append(text.text.slice(done, stretch.start), element("span", {
        class: isShared ? "token shared" : "token",
        title: weight > 0 ? `weight ${weight.toFixed(4)}` : "no weight",
        "data-weight": String(weight),
        "--share": String(largest > 0 ? weight / largest : 0),
      }, text.text.slice(stretch.start, stretch.stop)));
      done = stretch.stop;
    }
    const rest = text.text.slice(done);
    if (text.token_count < text.full_token_count) {
      box.append(element("span", {class: "unread"}, shortened(rest, 200)));
    } else {
      box.append(rest);
    }
    return box;
  }

  /** Each token that has a weight, once, in the text's order. */
  function weighted(text) {
    const byId = new Map();
    for (const token of text.tokens) {
      if (token.weight > 0 && !byId.has(token.id)) {
        byId.set(token.id, {id: token.id, weight: token.weight, name: tokenName(text, token)});
      }
    }
    return byId;
  }

  /** The text alone, of a model without lexical weights. */
  function plain(passage) {
    return element("p", {class: "shaded", dir: "auto"}, passage.text.text);
  }

  function lexical(picture, passage, place) {
    const ofQuery = weighted(picture.query);
    const ofPassage = weighted(passage.text);
    const shared = new Set([...ofQuery.keys()].filter(id => ofPassage.has(id)));
    const largest = Math.max(...[picture.query, ...picture.passages.map(each => each.text)]
      .flatMap(text => text.tokens).map(token => token.weight));
    const section = element("section", {class: "lexical", "aria-labelledby": `lexical-title-${place}`},
      element("h4", {id: `lexical-title-${place}`}, "Lexical weights"));
    section.append(
      legend(key("ramp weights", `weight, 0 to ${largest.toFixed(4)}`), "underlined: in both texts"),
      element("h5", {}, "Query"), shaded(picture.query, largest, shared), ...cutNote(picture.query),
      element("h5", {}, `Passage ${place}`), shaded(passage.text, largest, shared), ...cutNote(passage.text),
      sharedTable(passage, ofQuery, ofPassage, shared), allWeights(ofQuery, ofPassage, place));
    return section;
  }

  function cutNote(text) {
    return text.token_count < text.full_token_count
      ? [element("p", {class: "note"}, `Cut: the model read the first ${text.token_count.toLocaleString("en")} of ${
        text.full_token_count.toLocaleString("en")} tokens. The part that it did not read is in italics.`)]
      : [];
  }

  function sharedTable(passage, ofQuery, ofPassage, shared) {
    if (shared.size === 0) {
      return element("p", {class: "note"}, "The texts share no token with a weight, so the sparse score is 0.");
    }
    const rows = [...shared].map(id => {
      const query = ofQuery.get(id);
      const other = ofPassage.get(id);
      return element("tr", {}, element("th", {scope: "row"}, tokenCell(query.name)),
        element("td", {class: "number"}, number(query.weight)), element("td", {class: "number"}, number(other.weight)),
        element("td", {class: "number"}, number(query.weight * other.weight)));
    });
    const sum = [...shared].reduce((total, id) => total + ofQuery.get(id).weight * ofPassage.get(id).weight, 0);
    return table({class: "shared-tokens"}, "The tokens in both texts. The sum of their products is the sparse score.",
      [words("Token"), numbers("in the query"), numbers("in the passage"), numbers("product")], rows,
      element("tr", {}, element("th", {scope: "row", colspan: "3"}, "Sum"), element("td", {class: "number"}, number(sum))));
  }

  function allWeights(ofQuery, ofPassage, place) {
    const side = (tokens, title) => table({}, title, [words("Token"), numbers("weight")],
      [...tokens.values()].sort((a, b) => b.weight - a.weight).map(token => element("tr", {},
        element("th", {scope: "row"}, tokenCell(token.name)), element("td", {class: "number"}, number(token.weight)))));
    return lazy(["All weights as tables"], () => [side(ofQuery, "Weights of the query"),
      side(ofPassage, `Weights of passage ${place}`)]);
  }

  /** What is made only once it is opened. */
  function lazy(summary, make) {
    const details = element("details", {}, element("summary", {}, ...summary));
    details.addEventListener("toggle", () => fill(details, make));
    return details;
  }

  function fill(details, make) {
    if (details.childElementCount === 1) {
      details.append(...make());
    }
  }

  /* The alignment. */

  function labels(text, count) {
    return text.tokens.slice(0, count).map(token => tokenName(text, token));
  }

  function alignment(picture, passage, place, range) {
    const {rows, columns, best} = passage.alignment;
    const queryNames = labels(picture.query, picture.query.tokens.length);
    const passageNames = labels(passage.text, passage.text.tokens.length);
    const cut = rows < queryNames.length || columns < passageNames.length;
    const section = element("section", {class: "alignment", "aria-labelledby": `alignment-title-${place}`},
      element("h4", {id: `alignment-title-${place}`}, "ColBERT alignment"),
      legend(key("ramp heat", `similarity, ${range.least.toFixed(2)} to ${range.most.toFixed(2)}`),
        key("best-key", "best match of the query's token")));
    if (cut) {
      section.append(element("p", {class: "note"}, `Drawn in part: ${rows} of the query's ${queryNames.length} tokens, ${
        columns} of the passage's ${passageNames.length}. The table has the best matches of the whole passage.`));
    }
    section.append(heatMap(passage.alignment, queryNames, passageNames, range, place));
    const mean = best.reduce((total, match) => total + match.similarity, 0) / best.length;
    section.append(
      table({class: "best-matches"}, `Best matches in passage ${place}${rows === queryNames.length
        ? ": their mean is the ColBERT score." : "."}`,
      [words("Query"), words("Passage"), numbers("position"), numbers("similarity")],
      best.map((match, row) => element("tr", {}, element("th", {scope: "row"}, tokenCell(queryNames[row])),
        element("td", {}, tokenCell(passageNames[match.column])),
        element("td", {class: "number"}, `${match.column + 1}`),
        element("td", {class: "number"}, number(match.similarity)))),
      rows === queryNames.length
        ? element("tr", {}, element("th", {scope: "row", colspan: "3"}, "Mean"),
          element("td", {class: "number"}, number(mean)))
        : null),
      lazy(["All similarities that are drawn, as a table"], () => [table({}, `Similarities with passage ${place}`,
        [words("Query"), ...passageNames.slice(0, columns).map(numbers)],
        best.map((match, row) => element("tr", {}, element("th", {scope: "row"}, tokenCell(queryNames[row])),
          ...Array.from({length: columns}, (_, column) => element("td", {
            class: column === match.column ? "number top" : "number",
          }, passage.alignment.similarities[row * columns + column].toFixed(2))))))]));
    return section;
  }

  function heatMap(drawn, queryNames, passageNames, range, place) {
    const {rows, columns, similarities, best} = drawn;
    const rowNames = queryNames.slice(0, rows).map(name => shortened(name, MAX_LABEL_LETTERS));
    const columnNames = passageNames.slice(0, columns).map(name => shortened(name, MAX_LABEL_LETTERS));
    const width = roomFor(rowNames);
    const height = roomFor(columnNames);
    const square = (row, column, inset) => ({x: column * CELL + inset, y: row * CELL + inset,
      width: CELL - 2 * inset, height: CELL - 2 * inset});
    const mapWidth = columns * CELL + 2;
    const mapHeight = rows * CELL + 2;
    const left = svg("svg", {class: "row-names", width, height: mapHeight, "aria-hidden": "true"},
      ...rowNames.map((name, row) => svg("text", {x: width - 6, y: row * CELL + 15, "text-anchor": "end"}, name)));
    const top = svg("svg", {class: "column-names", width: mapWidth, height, "aria-hidden": "true"},
      ...columnNames.map((name, column) => svg("text", {
        transform: `translate(${column * CELL + 15} ${height - 6}) rotate(-90)`,
      }, name)));
    const map = svg("svg", {
      class: "cells", width: mapWidth, height: mapHeight, role: "img",
      "aria-label": `Heat map of ${rows} query tokens by ${columns} tokens of passage ${place}; the tables below have its numbers`,
    });
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const share = (similarities[row * columns + column] - range.least) / (range.most - range.least || 1);
        map.append(svg("rect", {...square(row, column, 0), class: "cell", "--share": share.toFixed(3)}));
      }
    }
    best.forEach((match, row) => {
      if (match.column < columns) {
        map.append(svg("rect", {...square(row, match.column, 2.5), class: "best", "data-row": row,
          "data-column": match.column}));
      }
    });
    // The names stay where they are while the cells scroll beneath them.
    const scroller = element("div", {
      class: "scroller heat-map", tabindex: "0", role: "group", "--names-width": `${width}px`, "--names-height": `${height}px`,
      "aria-label": "Heat map. The arrow keys go from cell to cell, and the line below reads it.",
    }, element("span", {class: "corner"}), top, left, map);
    const readout = element("p", {class: "readout", "aria-live": "polite"},
      "Point at a cell, or move with the arrow keys.");
    follow(scroller, map, drawn, square, (row, column) => {
      const similarity = similarities[row * columns + column];
      const isBest = best[row].column === column;
      readout.replaceChildren("Query “", tokenCell(queryNames[row]), "”, passage “", tokenCell(passageNames[column]), "”: ",
        number(similarity), isBest ? ", the best match" : "");
    });
    return element("div", {}, scroller, readout);
  }

  /** How long a label may get, in pixels; ideographs are as wide as two letters. */
  function roomFor(names) {
    const letters = name => Array.from(name).reduce((sum, letter) => sum + (letter >= "\u1100" ? 2 : 1), 0);
    return 12 + LETTER * Math.max(...names.map(letters));
  }

  /** Reads the cell under the pointer, or the one that the arrow keys are at. */
  function follow(scroller, map, {rows, columns, best}, square, read) {
    const cursor = svg("rect", {...square(0, 0, 1), class: "cursor", visibility: "hidden"});
    map.append(cursor);
    const at = {row: 0, column: Math.min(best[0].column, columns - 1)};
    const go = (row, column) => {
      at.row = Math.max(0, Math.min(rows - 1, row));
      at.column = Math.max(0, Math.min(columns - 1, column));
      const {x, y} = square(at.row, at.column, 1);
      filled(cursor, {x, y, visibility: "visible"}, []);
      read(at.row, at.column);
    };
    const moves = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], Home: [0, -columns],
      End: [0, columns]};
    scroller.addEventListener("keydown", event => {
      const move = moves[event.key];
      if (move && !event.ctrlKey && !event.altKey && !event.metaKey) {
        event.preventDefault();
        go(at.row + move[0], at.column + move[1]);
        cursor.scrollIntoView({block: "nearest", inline: "nearest"});
      }
    });
    scroller.addEventListener("focus", () => {
      if (scroller.matches(":focus-visible")) {
        go(at.row, at.column);
      }
    });
    scroller.addEventListener("blur", () => cursor.setAttribute("visibility", "hidden"));
    const point = event => {
      const box = map.getBoundingClientRect();
      const row = Math.floor((event.clientY - box.top) / CELL);
      const column = Math.floor((event.clientX - box.left) / CELL);
      if (row >= 0 && row < rows && column >= 0 && column < columns) {
        go(row, column);
      }
    };
    map.addEventListener("pointermove", point);
    map.addEventListener("pointerdown", point);
  }

  /* The whole. */

  /** Chooses the score that passages are ordered by. */
  function chooser(shown, chosen, choose) {
    const choice = element("fieldset", {}, element("legend", {}, "Order passages by"));
    shown.forEach(([key, name]) => {
      const radio = element("input", {type: "radio", name: "order", id: `order-${key}`, value: key});
      radio.checked = key === chosen;
      radio.addEventListener("change", () => choose(key));
      choice.append(element("label", {for: `order-${key}`}, radio, ` ${name}`));
    });
    return choice;
  }

  /** The passages' places in a picture, that with the highest score first; those of equal scores as they were given. */
  function placesBy(picture, key) {
    return picture.passages.map((_, i) => i)
      .sort((a, b) => picture.passages[b].scores[key] - picture.passages[a].scores[key] || a - b);
  }

  /** The passages one below the other, each with its tokens once it is opened, and a function that orders them and opens the best. */
  function passageList(picture, range) {
    const parts = (passage, place) => [
      picture.outputs.includes("sparse") ? lexical(picture, passage, place) : plain(passage),
      ...(passage.alignment ? [alignment(picture, passage, place, range)] : [])];
    const entries = picture.passages.map((passage, i) => {
      const make = () => parts(passage, i + 1);
      const score = element("span", {class: "chosen-score"});
      const details = lazy([element("h3", {}, `Passage ${i + 1}`), score, snippet(passage.text)], make);
      filled(details, {class: "passage", id: `shown-${i + 1}`}, []);
      return {passage, make, score, details};
    });
    const box = element("div", {});
    const order = (places, key) => {
      box.append(...places.map(i => entries[i].details));
      entries.forEach(({passage, make, score, details}, i) => {
        score.replaceChildren(`${nameOf(key)} `, number(passage.scores[key]));
        details.open = i === places[0];
        if (details.open) {
          fill(details, make);
        }
      });
    };
    return {box, order};
  }

  /** The least and the greatest of what is drawn, so that a colour means the same in every passage. */
  function rangeOf(picture) {
    const range = {least: Infinity, most: -Infinity};
    for (const passage of picture.passages) {
      for (const similarity of passage.alignment ? passage.alignment.similarities : []) {
        range.least = Math.min(range.least, similarity);
        range.most = Math.max(range.most, similarity);
      }
    }
    return range;
  }

  /** Draws a picture in place of what a container holds. */
  function draw(container, picture) {
    const shown = scoresIn(picture);
    const ordered = [scoreTable(picture, shown), chart(picture, shown), passageList(picture, rangeOf(picture))];
    const [scores, bars, passages] = ordered.map(each => each.box);
    const order = key => {
      const places = placesBy(picture, key);
      ordered.forEach(each => each.order(places, key));
    };
    const key = shown.some(([each]) => each === chosenKey) ? chosenKey : shown.at(-1)[0];
    order(key);
    container.replaceChildren(
      ...(picture.passages.length > 1 && shown.length > 1 ? [chooser(shown, key, chosen => {
        chosenKey = chosen;
        order(chosen);
      })] : []),
      element("section", {"aria-labelledby": "scores-title"}, element("h2", {id: "scores-title"}, "Scores"), scores, bars,
        scoresNote(picture, shown)),
      element("section", {"aria-labelledby": "passages-title"}, element("h2", {id: "passages-title"}, "Passages"),
        element("p", {class: "note"}, picture.passages.length > 1
          ? "The passage with the best chosen score comes first and is open. Select another one to open it."
          : "The tokens of the passage, as the model sees them."), passages));
  }

  /** Shows what a page cannot do: first the limits of this page, then those of every page. */
  function limits(own, outputs) {
    const lacking = [["sparse", "lexical weights"], ["colbert", "ColBERT vectors"]]
      .filter(([output]) => !outputs.includes(output)).map(([, name]) => name);
    const list = [...own,
      ...(lacking.length > 0 ? [`This model has no ${lacking.join(" and no ")}, so the page does not show them.`] : []),
      `The heat map draws the first ${MAX_ROWS} tokens of the query and ${MAX_COLUMNS} of the passage; best matches are of the whole passage.`,
      "</s> marks the end of a text, and ▁ alone the beginning of a word. The model treats them like other tokens.",
      "A token that occurs several times in a text is shown with its largest weight, which is the one that the sparse score uses.",
      "The page cannot explain a dense score, because no part of a dense vector belongs to a single token.",
      "A score is not a probability. It ranks the passages of one query; do not compare scores of different queries or models."];
    document.getElementById("limits").replaceChildren(...list.map(limit => element("li", {}, limit)));
  }

  return {draw, limits, element, MAX_ROWS, MAX_COLUMNS};
})();
