// A model in words that say what it is made of, and how large it is.
import * as Model from '../../protocol/model.ts'

type Words = { readonly title: string; readonly choice: string }

const templates = {
  softmax: { title: 'Softmax regression', choice: 'One layer: small, quick, good for a first try.' },
  mlp: { title: 'Layered network (MLP)', choice: 'Hidden layers: learns more, sends more.' },
  cnn: {
    title: 'Convolutional network (CNN)',
    choice: 'Finds shapes wherever they are in a picture. Learns most from pictures, and trains longest.',
  },
  sequence: {
    title: 'Sequence network',
    choice: 'Finds patterns whenever they occur, then averages them over time.',
  },
  head: {
    title: 'Head on a model you have',
    choice: 'Keeps an earlier model as it is and trains new last layers. Little to train and to send.',
  },
} satisfies Record<Model.Template, Words>

export function template(name: Model.Template): Words {
  return templates[name]
}

/** Such as `Two convolutions and one hidden layer, 28,938 parameters`. */
export function words(spec: Model.Spec): string {
  return `${structure(spec)}, ${number.format(Model.parameterCount(spec))} parameters`
}

function structure(spec: Model.Spec): string {
  switch (spec.template) {
    case 'softmax':
      return 'Softmax regression'
    case 'mlp':
      return capitalised(layers(spec.hidden.length, 'hidden layer'))
    case 'cnn':
    case 'sequence': {
      const found = layers(spec.convolutions.length, 'convolution')
      const over = spec.template === 'sequence' ? ' over time' : ''
      return capitalised(`${found}${over}${and(spec.hidden)}`)
    }
    case 'head':
      return `A head on a frozen model${and(spec.hidden)}`
    default:
      return spec satisfies never
  }
}

function and(hidden: readonly number[]): string {
  return hidden.length === 0 ? '' : ` and ${layers(hidden.length, 'hidden layer')}`
}

const number = new Intl.NumberFormat('en')
const numerals = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight']

function layers(count: number, noun: string): string {
  return `${numerals[count] ?? number.format(count)} ${noun}${count === 1 ? '' : 's'}`
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
