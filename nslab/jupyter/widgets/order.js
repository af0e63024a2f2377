// What is typed or chosen waits in the page while the kernel still works on what came before it
// (ipywidgets sends one change of a widget after the other), and a click does not wait: it would act
// on older values than are shown.  So a press waits until all has been told; who goes on typing or
// choosing takes it back.  Stop never waits, nor does what is for the page alone, as a picture's tools.
export default ({ all, own, model, signal }) => {
    const untold = () => [...model.widget_manager?._modelsSync?.values() ?? []]
        .some(one => one._pending_msgs > 0);
    const waits = event => own(event.target) && event.target.closest('.widget-button:not(.nslab-stop)');
    const PAUSE = 20;
    let held = 0, through = false;
    const works = () => all.querySelector('button.nslab-stop:not(:disabled)');
    // A button that cannot be pressed meanwhile may be in a moment: when all is told, or also when
    // what is being done is done.
    const press = (button, patient) => {
        clearTimeout(held);
        if (untold() || patient && button.disabled && works()) {
            held = setTimeout(press, PAUSE, button, patient);
            return;
        }
        through = true;
        button.click();
        through = false;
    };
    const forget = event => { if (own(event.target)) clearTimeout(held); };
    all.addEventListener('input', forget, { capture: true, signal });
    signal.addEventListener('abort', () => clearTimeout(held));
    // A key in a field that stands for a button.
    all.addEventListener('nslab-press', event => {
        if (own(event.target)) press(event.target, true);
    }, { signal });

    const hold = (event, button) => {
        event.preventDefault();
        event.stopImmediatePropagation();
        press(button);
    };
    all.addEventListener('click', event => {
        const button = !through && waits(event);
        if (button && untold()) hold(event, button);
    }, { capture: true, signal });

    // A button may become one that cannot be pressed while the key, or the hand, is still down.
    all.addEventListener('keydown', event => {
        const button = ['Enter', ' '].includes(event.key) && waits(event);
        if (button && !event.repeat && untold()) hold(event, button);
    }, { capture: true, signal });
    let under = null;
    all.addEventListener('pointerdown', event => {
        under = waits(event) && untold() ? waits(event) : null;
    }, { capture: true, signal });
    document.addEventListener('pointerup', event => {
        const button = under;
        under = null;
        if (!button?.disabled) return;
        const { left, right, top, bottom } = button.getBoundingClientRect();
        const [x, y] = [event.clientX, event.clientY];
        if (x >= left && x <= right && y >= top && y <= bottom) press(button);
    }, { capture: true, signal });
};
