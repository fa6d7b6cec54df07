// Sorts the table of students by the column whose heading is pressed; pressed again, the other way round.
for (const button of document.querySelectorAll("#students thead button")) {
  button.disabled = false;
  button.addEventListener("click", () => {
    const heading = button.closest("th"), body = document.querySelector("#students tbody");
    const column = heading.cellIndex, words = heading.dataset.sort === "words";
    const before = heading.getAttribute("aria-sort");
    const up = before ? before === "descending" : words;
    for (const other of heading.parentNode.children) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", up ? "ascending" : "descending");
    const value = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
    const compare = words ? (a, b) => value(a).localeCompare(value(b)) : (a, b) => value(a) - value(b);
    const rows = [...body.rows].sort((a, b) => (up ? compare(a, b) : compare(b, a)));
    body.append(...rows);
  });
}
