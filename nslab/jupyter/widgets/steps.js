// The list of a lesson's steps: a press goes to one.  A list that is written anew keeps the focus.
export default ({ all, own, model }) => {
    let held = null;
    all.addEventListener('click', event => {
        const step = own(event.target) && event.target.closest('[data-step]');
        if (!step) return;
        held = step.dataset.step;
        model.set('gesture', { goto: Number(step.dataset.step), number: Math.random() });
        model.save_changes();
    });
    all.addEventListener('focusin', event => {
        held = event.target.closest('[data-step]')?.dataset.step || null;
    });
    new MutationObserver(() => {
        if (held === null || ![document.body, all].includes(document.activeElement)) return;
        all.querySelector(`[data-step="${held}"]`)?.focus({ preventScroll: true });
    }).observe(all, { childList: true, subtree: true });
};
