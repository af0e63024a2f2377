// What is not plain in a command line says what it means: to a mouse that rests there, to a finger,
// and to who comes by Tab.  The browser's own hint is for the mouse alone.
const WORD = 'abbr[data-means]';
const LEAVING = 250;  // milliseconds that a mouse has to get from the word to what is said of it

export default ({ all, own, signal }) => {
    let tip = null, of = null, leaving = 0;
    const shut = () => {
        clearTimeout(leaving);
        of?.removeAttribute('aria-describedby');
        tip?.remove();
        tip = of = null;
    };
    const open = word => {
        clearTimeout(leaving);
        if (word === of) return;
        shut();
        of = word;
        tip = document.createElement('div');
        Object.assign(tip, { className: 'nslab-gloss', textContent: word.dataset.means });
        tip.id = `nslab-gloss-${Math.random().toString(36).slice(2)}`;
        tip.setAttribute('role', 'tooltip');
        word.setAttribute('aria-describedby', tip.id);
        const whole = document.fullscreenElement;
        (whole?.contains(word) ? whole : document.body).append(tip);
        place();
    };
    function place() {
        if (!of) return;
        const box = of.getBoundingClientRect(), high = tip.offsetHeight;
        const below = box.bottom + high + 4 < innerHeight || box.top < high + 4;
        tip.style.left = `${Math.max(8, Math.min(box.left, innerWidth - tip.offsetWidth - 8))}px`;
        tip.style.top = `${below ? box.bottom + 2 : box.top - high - 2}px`;
    }
    const at = event => {
        const word = event.target.closest?.(WORD);
        return word && own(word) ? word : null;
    };

    all.addEventListener('pointerover', event => {
        if (event.pointerType !== 'touch' && at(event)) open(at(event));
    });
    document.addEventListener('pointerover', event => {
        if (!of || event.pointerType === 'touch') return;
        clearTimeout(leaving);
        if (of.contains(event.target) || tip.contains(event.target)) return;
        leaving = setTimeout(() => { if (document.activeElement !== of) shut(); }, LEAVING);
    }, { signal });
    document.addEventListener('pointerdown', event => {
        if (of && !of.contains(event.target) && !tip.contains(event.target)) shut();
    }, { capture: true, signal });
    all.addEventListener('click', event => { if (at(event)) open(at(event)); });
    all.addEventListener('focusin', event => {
        if (at(event)?.matches(':focus-visible')) open(at(event));
    });
    all.addEventListener('focusout', event => { if (at(event) === of) shut(); });
    all.addEventListener('keydown', event => {
        if (event.key === 'Escape' && of) {
            event.stopPropagation();
            shut();
        } else if (['Enter', ' '].includes(event.key) && at(event)) {
            event.preventDefault();
            event.stopPropagation();
            if (of) shut(); else open(at(event));
        }
    }, true);
    for (const kind of ['scroll', 'resize'])
        window.addEventListener(kind, place, { capture: true, signal });
    signal.addEventListener('abort', shut);

    // Tab goes to the first of each kind in a part: a long log is not a long way.
    let had = null;
    const words = part => [...part.querySelectorAll(WORD)].filter(own);
    const ready = () => {
        if (of && !of.isConnected) shut();
        for (const word of all.querySelectorAll('abbr[title]')) {
            if (!own(word)) continue;
            word.dataset.means = word.title;
            word.removeAttribute('title');
            const part = word.closest('.widget-html') || all;
            const first = words(part).find(each => each.dataset.means === word.dataset.means);
            if (first !== word) continue;
            word.tabIndex = 0;
            word.setAttribute('role', 'button');
        }
        // What is written anew keeps the focus.
        if (had?.part.isConnected && [document.body, all, null].includes(document.activeElement))
            words(had.part)[had.number]?.focus({ preventScroll: true });
    };
    all.addEventListener('focusin', event => {
        const part = at(event)?.closest('.widget-html');
        had = part ? { part, number: words(part).indexOf(at(event)) } : null;
    });
    all.addEventListener('focusout', event => setTimeout(() => {
        if (event.target.isConnected && document.activeElement !== event.target) had = null;
    }));
    ready();
    new MutationObserver(ready).observe(all, { childList: true, subtree: true });
};
