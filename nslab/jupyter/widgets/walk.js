// The steps of a journey: what is chosen in its table and what is chosen by the slider is the same.
export default ({ all, own, model, signal }) => {
    const choice = step => [...all.querySelectorAll(`.nslab-walk input[value="${step}"]`)]
        .find(own);
    const choose = () => {
        const [step] = model.get('step') || [];
        const one = step && choice(step);
        if (one) one.checked = true;
    };
    model.on('change:step', choose);
    all.addEventListener('change', event => {
        if (!own(event.target) || !event.target.matches('.nslab-walk input')) return;
        model.set('gesture', { step: Number(event.target.value), number: Math.random() });
        model.save_changes();
    }, { signal });
};
