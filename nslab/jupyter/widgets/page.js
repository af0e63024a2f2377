// What every widget needs of the page and no ipywidget has a trait for; asks nobody for anything.
export default ({ all, own, model }) => {
    // JupyterLab's command mode takes letters and arrows that are typed into a list for itself: "a"
    // would insert a cell.  Lumino leaves alone what has this attribute (the very element that has
    // the focus must have it).
    all.addEventListener('focusin', event =>
        event.target.setAttribute('data-lm-suppress-shortcuts', 'true'));

    // Whatever is clicked in the picture, or has the focus when Enter is pressed, is chosen in the
    // list beside it, as if by hand: its facts then come from the kernel.
    const NODE = '[data-link],[data-world],[data-ns]';
    const called = node => node && (node.dataset.link || node.dataset.world || node.dataset.ns);
    const choose = node => {
        const list = all.querySelector('.nslab-choice select');
        const name = called(node);
        const place = list ? [...list.options].findIndex(
            option => option.text.replace(/\u00a0/g, ' ') === name) : -1;
        if (place < 0) return false;
        list.selectedIndex = place;
        list.dispatchEvent(new Event('change', { bubbles: true }));
        return true;
    };
    const node = event => own(event.target) && event.target.closest('.nslab-drawn')
        && event.target.closest(NODE);
    all.addEventListener('click', event => { const at = node(event); if (at) choose(at); });
    all.addEventListener('keydown', event => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        const at = node(event);
        if (at && choose(at)) { event.preventDefault(); event.stopPropagation(); }
    });

    // A place in a list is of the list as it was seen.  A busy kernel hears of it late, and may have
    // another one there by then: it is told in words, too.
    all.addEventListener('change', event => {
        if (!own(event.target)) return;
        const list = event.target.closest('[class*=nslab-list-] select');
        const words = list?.selectedOptions[0]?.text;
        if (words === undefined) return;
        const [, name] = /nslab-list-(\w+)/.exec(list.closest('[class*=nslab-list-]').className);
        model.set('chosen', [name, words.replace(/\u00a0/g, ' '), Math.random()]);
        model.save_changes();
    });

    // A redraw replaces the node that has the focus: its successor gets it, and not the notebook.
    let had = '';
    all.addEventListener('focusin', event => { had = called(node(event)) || ''; });
    all.addEventListener('focusout', event => setTimeout(() => {
        if (event.target.isConnected && !document.activeElement.closest('.nslab-drawn')) had = '';
    }));
    new MutationObserver(() => {
        // (A menu that is open has it elsewhere.)
        if (!had || ![document.body, null].includes(document.activeElement)) return;
        const again = [...all.querySelectorAll(`.nslab-drawn :is(${NODE})`)]
            .find(each => own(each) && called(each) === had);
        again?.focus({ preventScroll: true });
    }).observe(all, { childList: true, subtree: true });

    // A button that cannot be pressed while it works loses the focus to the page's body: the widget
    // keeps it meanwhile, and the button gets it back.
    let hand = null;
    all.tabIndex = -1;
    all.style.outline = 'none';
    all.addEventListener('focusin', event => {
        if (event.target !== all && own(event.target)) hand = event.target;
    });
    new MutationObserver(() => {
        const free = [document.body, all, null].includes(document.activeElement)
            || document.activeElement?.disabled;
        if (!hand?.isConnected || !free) return;
        if (hand.matches(':disabled')) all.focus({ preventScroll: true });
        else if (document.activeElement === all) hand.focus({ preventScroll: true });
    }).observe(all, { subtree: true, attributes: true, attributeFilter: ['disabled'] });

    // What a card or the builder says is read aloud when it changes.
    const aloud = () => all.querySelectorAll(':is(.nslab-says, .nslab-told, .nslab-aloud):not([role])')
        .forEach(each => each.setAttribute('role', 'status'));
    aloud();
    new MutationObserver(aloud).observe(all, { childList: true, subtree: true });

    // ipywidgets' sliders have a label beside them, and none of their own; what plays has none.
    const words = model.get('words');
    const labelled = () => {
        all.querySelectorAll('[role=slider]:not([aria-label])').forEach(each => {
            const label = each.closest('.widget-slider')?.querySelector('.widget-label');
            if (own(each) && label?.textContent) each.setAttribute('aria-label', label.textContent);
        });
        all.querySelectorAll('.widget-play button:not([aria-label])').forEach(each => {
            const stops = each.querySelector('.fa-stop');
            each.setAttribute('aria-label', stops ? words.halt : words.play);
        });
    };
    labelled();
    new MutationObserver(labelled).observe(all, { childList: true, subtree: true });

    // A button of a card that is taken away gives the focus to the one before it, or behind it.
    let held = null;
    const there = button => button.offsetParent !== null;
    if (all.matches('.nslab-exercise')) {
        all.addEventListener('focusin', event => {
            held = own(event.target) ? event.target.closest('button') : null;
        });
        all.addEventListener('focusout', () => { if (held && there(held)) held = null; });
        new MutationObserver(() => {
            if (!held || there(held)) return;
            const row = [...held.parentElement.querySelectorAll('button')];
            const next = row.slice(0, row.indexOf(held)).reverse().find(there) || row.find(there);
            const lost = [held, document.body].includes(document.activeElement);
            held = null;
            if (lost) next?.focus({ preventScroll: true });
        }).observe(all, { subtree: true, attributes: true, attributeFilter: ['style'] });
    }

    // Copies the text beside the button; where the page may not, it is selected at least.
    all.addEventListener('click', async event => {
        const button = own(event.target) && event.target.closest('.nslab-copy');
        if (!button) return;
        const text = button.closest('.nslab-copied').querySelector('pre');
        getSelection().selectAllChildren(text);
        let done = document.execCommand('copy');
        try { await navigator.clipboard.writeText(text.textContent); done = true; } catch { }
        const before = button.textContent;
        button.textContent = button.dataset[done ? 'done' : 'failed'];
        setTimeout(() => { button.textContent = before; }, 1500);
    });
};
