"use strict";
// The film of the landing page: plays once, two seconds a step, and can be stopped and stepped
// through.  Who wants no motion gets the first step and the buttons.  And whatever scrolls sideways
// can be reached by the keyboard.
document.addEventListener("DOMContentLoaded", () => {
  for (const film of document.querySelectorAll(".film")) start(film);
  reach();
  addEventListener("resize", reach);
});

function start(film) {
  const steps = [...film.querySelectorAll("figure")];
  const controls = document.createElement("div");
  controls.className = "controls";
  const play = document.createElement("button");
  play.type = "button";
  const buttons = steps.map((step, number) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = number + 1;
    button.setAttribute("aria-label", "Step " + (number + 1));
    button.addEventListener("click", () => { stop(); show(number); });
    return button;
  });
  controls.append(play, ...buttons);
  film.prepend(controls);
  film.classList.add("playing-on");

  let timer = 0, now = 0;
  function show(number) {
    now = number;
    steps.forEach((step, n) => step.classList.toggle("now", n === number));
    buttons.forEach((button, n) => {
      if (n === number) button.setAttribute("aria-current", "step");
      else button.removeAttribute("aria-current");
    });
    reach();
  }
  function stop() {
    clearInterval(timer);
    timer = 0;
    play.textContent = "Play";
  }
  function run() {
    stop();
    play.textContent = "Stop";
    timer = setInterval(() => {
      if (now + 1 < steps.length) show(now + 1);
      if (now + 1 === steps.length) stop();
    }, 2000);
  }
  play.addEventListener("click", () => {
    if (timer) return stop();
    if (now + 1 === steps.length) show(0);
    run();
  });
  show(0);
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) stop();
  else run();
}

function reach() {
  for (const box of document.querySelectorAll("pre, .cell_output, .film figure, .small, .figure, " +
      ".table-wrapper, .output, article div[style*=overflow]")) {
    const scrolls = box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1;
    if (scrolls && !box.hasAttribute("tabindex")) box.tabIndex = 0;
  }
}
